import { countWords, passageOf, readTopics } from './prose.mjs';
import { seededRandom } from './random.mjs';

const SIZE = 20_000;
const WORDS_PER_TOKEN = 0.82; // of this prose, in BERT's WordPiece
const SPECIAL_TOKENS = 3;
const LONGEST_QUERY = 10; // words

/** Tokens of a pair of MS MARCO passage ranking: share of the pairs, length. Mean 82. */
const LENGTHS = [
  [0, 32],
  [0.05, 43],
  [0.25, 61],
  [0.5, 73],
  [0.75, 99],
  [0.9, 131],
  [0.95, 142],
  [0.99, 169],
  [1, 212],
];

export const passagesLikeMsMarco = {
  name: 'D1',
  description: `real English of this repository, cut and joined to the lengths of MS MARCO passage pairs; ${SIZE} pairs, each with its own query`,
  make({ limit = SIZE } = {}) {
    const topics = readTopics();
    const questions = topics.map((topic) =>
      topic.questions.filter((question) => countWords(question) <= LONGEST_QUERY),
    );
    const passages = topics.flatMap((topic) => [...topic.answers, ...topic.others]);
    const random = seededRandom(1);
    const pick = (list) => list[Math.floor(random() * list.length)];
    const makePair = (topic) => {
      const query =
        pick(questions[topic]) ?? topics[topic].questions[0].split(/\s+/).slice(0, LONGEST_QUERY).join(' ');
      const tokens = lengthAt(random()) - SPECIAL_TOKENS;
      const words = Math.max(8, Math.round(tokens * WORDS_PER_TOKEN) - countWords(query));
      let related = random() < 0.5; // half of the passages begin on the query's topic
      const document = passageOf(words, () => {
        const passage = pick(related ? topics[topic].answers : passages);
        related = false;
        return passage;
      });
      return [query, document];
    };
    const made = new Set(); // no pair twice: the queue would score it once
    return Array.from({ length: Math.min(limit, SIZE) }, (_, i) => {
      let pair;
      do pair = makePair(i % topics.length);
      while (made.has(pair.join('\n')));
      made.add(pair.join('\n'));
      return pair;
    });
  },
};

/** The length below which this share of the pairs lies. */
function lengthAt(share) {
  const above = LENGTHS.findIndex(([upTo]) => share < upTo);
  const [[fromShare, from], [toShare, to]] = [LENGTHS[above - 1], LENGTHS[above]];
  return from + ((to - from) * (share - fromShare)) / (toShare - fromShare);
}
