// A facade: both entries hand out the same classes, so `instanceof` and shared state work across them.
export { cacheFolder, checkScores, ERROR_CODES, pull, Reranker, RerankerError } from './index.js';
export type * from './index.js';
