const SIZE = 20_000;

export const referenceStrings = {
  name: 'D2',
  description: `the synthetic strings behind the reference study's headline, "query i" and "document i with some text content"; 11 to 15 tokens a pair`,
  make({ limit = SIZE } = {}) {
    return Array.from({ length: limit }, (_, i) => [`query ${i}`, `document ${i} with some text content`]);
  },
};
