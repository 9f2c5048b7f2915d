const computedOf = (stats) => stats.counters.tokens / (1 - stats.dummyShare);

/** What happened between two snapshots of `stats()`. Times are ms, stages sums over the calls that ended between. */
export function difference(before, after) {
  const total = (name) => after.histograms[name].total - before.histograms[name].total;
  const count = (name) => after.counters[name] - before.counters[name];
  return {
    tokens: count('tokens'),
    computedTokens: computedOf(after) - computedOf(before),
    batches: count('batches'),
    batchPairs: total('batchPairs'),
    truncated: count('truncated'),
    busyMs: after.deviceBusyMs - before.deviceBusyMs,
    stages: {
      calls: after.histograms.endToEndMs.count - before.histograms.endToEndMs.count,
      tokenizationMs: total('tokenizationMs'),
      queueWaitMs: total('queueWaitMs'),
      inferenceMs: total('inferenceMs'),
      otherMs: total('otherMs'),
      endToEndMs: total('endToEndMs'),
    },
  };
}
