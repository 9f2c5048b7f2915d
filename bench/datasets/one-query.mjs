import { passagesLikeMsMarco } from './passages-like-msmarco.mjs';
import { readTopics } from './prose.mjs';

export const DOCUMENTS = 100;
const QUERIES = 50;

export const oneQuery = {
  name: 'D3',
  description: `one query and ${DOCUMENTS} documents, ${QUERIES} times: passages about the query, passages that share its words, and passages about other things`,
  make({ limit = Infinity } = {}) {
    const topics = readTopics();
    const fillers = passagesLikeMsMarco.make();
    const queries = Math.min(QUERIES, Math.ceil(limit / DOCUMENTS));
    return Array.from({ length: queries * DOCUMENTS }, (_, i) => {
      const topic = topics[Math.floor(i / DOCUMENTS)];
      const near = [...topic.answers, ...topic.others][i % DOCUMENTS];
      return [topic.questions[0], near ?? fillers[i][1]];
    });
  },
};
