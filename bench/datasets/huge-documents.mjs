import { passagesLikeMsMarco } from './passages-like-msmarco.mjs';

const SIZE = 1000;
const EVERY = 10;
const BYTES = 2 ** 20;
const scripts = ['', ' naïve café', ' 東京の天気', ' погода в Москве', ' 🌋🔥', ' e\u0301\u0327'];

export const hugeDocuments = {
  name: 'huge documents',
  description: `${SIZE} documents for one query: D1's, but every ${EVERY}th has 1 MB of text, most of those not ASCII`,
  make() {
    const pairs = passagesLikeMsMarco.make({ limit: SIZE });
    return pairs.map(([, document], i) => [
      pairs[0][0],
      i % EVERY === 0 ? fill(document, scripts[(i / EVERY) % scripts.length]) : document,
    ]);
  },
};

/** Every fiftieth word is followed by the ending. */
function fill(passage, ending) {
  const part = `${passage.replace(/((?:\S+\s+){50})/g, `$1${ending} `)}${ending} `;
  return part.repeat(Math.ceil(BYTES / Buffer.byteLength(part)));
}
