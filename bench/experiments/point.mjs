/**
 * One row of a report: a load on a target. `batch` is pairs a request, `concurrency` closed-loop clients, `seed` the
 * reference study's pairs/s for the same, `shape` whether a request is pairs with a query each or one query's documents.
 */
export function point(batch, concurrency, rest = {}) {
  return { batch, concurrency, shape: 'score', target: 'reranker', replicas: 1, load: { kind: 'closed' }, ...rest };
}

/** Points measured with the same options of `Reranker.load` on the same dataset. */
export const run = (label, points, rest = {}) => ({ label, points, dataset: 'D1', options: {}, ...rest });

/** A point for each batch and concurrency; `seed` lists the reference study's figures in the same order. */
export function grid(batches, concurrencies, { seed = [], ...rest } = {}) {
  const pairs = batches.flatMap((batch) => concurrencies.map((concurrency) => [batch, concurrency]));
  return pairs.map(([batch, concurrency], i) => point(batch, concurrency, { ...rest, seed: seed[i] ?? null }));
}

/**
 * Batching as the reference study means it, a batch of up to `maxBatch` pairs gathered for up to `timeoutMs`: the other
 * limits are moved out of the way, so that these two decide.
 */
export function dynamicBatching(maxBatch, timeoutMs) {
  return {
    batching: { maxBatch, timeoutMs },
    options: {
      maxBatchSize: maxBatch,
      maxQueueDelayMs: timeoutMs,
      maxBatchTokens: maxBatch * 512,
      targetBatchMs: 60_000,
    },
  };
}
