const SECOND = 1000;
const MOST_STEPS = 120;

/**
 * Pairs per second from the first request on, `[{ seconds, pairsPerSecond }]`: the pairs of a request count evenly over
 * the time it took, so that large requests show as a rate and not as peaks where they end.
 *
 * @param requests `{ startMs, latencyMs, pairs }`
 */
export function rateOverTime(requests) {
  const end = Math.max(0, ...requests.map(({ startMs, latencyMs }) => startMs + latencyMs));
  const step = SECOND * Math.ceil(end / SECOND / MOST_STEPS);
  const pairs = new Array(Math.floor(end / step)).fill(0); // what is left of a step at the end is not shown
  for (const { startMs, latencyMs, pairs: count } of requests) {
    for (let i = Math.floor(startMs / step); i < pairs.length && i * step < startMs + latencyMs; i++) {
      const overlap = Math.min(startMs + latencyMs, (i + 1) * step) - Math.max(startMs, i * step);
      pairs[i] += (count * overlap) / latencyMs;
    }
  }
  return pairs.map((count, i) => ({ seconds: ((i + 0.5) * step) / SECOND, pairsPerSecond: (count * SECOND) / step }));
}
