import { passageOf, readTopics } from './prose.mjs';
import { seededRandom } from './random.mjs';

const SIZE = 2000;
const WORDS = 520; // more than 512 tokens in every tokenizer, so every pair is cut to the model's longest

export const longDocuments = {
  name: 'D4',
  description: `documents of over 512 tokens, cut to the longest pair the model takes; ${SIZE} pairs`,
  make({ limit = SIZE } = {}) {
    const topics = readTopics();
    const passages = topics.flatMap((topic) => [...topic.answers, ...topic.others]);
    const random = seededRandom(4);
    return Array.from({ length: Math.min(limit, SIZE) }, (_, i) => [
      topics[i % topics.length].questions[0],
      passageOf(WORDS, () => passages[Math.floor(random() * passages.length)]),
    ]);
  },
};
