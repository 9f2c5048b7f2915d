export { ERROR_CODES, type ErrorCode, RerankerError, type RerankerErrorOptions } from './errors.js';
export { cacheFolder, checkScores, pull } from './models.js';
export { Reranker } from './reranker.js';
export type { BatchingOptions } from './batching/options.js';
export type { Counters, Gauges, HistogramSnapshot, StatsSnapshot } from './stats.js';
export type { NativeMemory } from './native/addon.js';
export type * from './types.js';
