import { kendallTau, median, percentile, topOverlap } from '../statistics.mjs';

/** Everyone in one workload, fastest first within each precision, next to that precision's fastest rival. */
export function compare(results, reference) {
  const rows = [...results].map(([{ definition, started }, result]) => ({
    definition,
    started,
    ...speed(result),
    ...agreement(result.logits, reference),
  }));
  for (const row of rows) {
    const peers = rows.filter(
      ({ definition }) => !definition.ours && definition.precision === row.definition.precision,
    );
    if (peers.length === 0) continue;
    row.againstFastest = row.pairsPerSecond / Math.max(...peers.map((peer) => peer.pairsPerSecond));
    row.cpuAgainstFastest = Math.min(...peers.map((peer) => peer.cpuMsPerPair)) / row.cpuMsPerPair;
  }
  const precisions = ['float32', 'bfloat16', 'int8'];
  return rows.sort(
    (a, b) =>
      precisions.indexOf(a.definition.precision) - precisions.indexOf(b.definition.precision) ||
      b.pairsPerSecond - a.pairsPerSecond,
  );
}

function speed({ rounds, logits, peakBytes }) {
  const pairs = logits.flat().length;
  const rates = rounds.map(({ ms }) => (pairs / ms) * 1000);
  return {
    pairsPerSecond: median(rates),
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
    requestP50: percentile(
      rounds.flatMap(({ requestMs }) => requestMs),
      50,
    ),
    cpuMsPerPair: median(rounds.map(({ cpuMs }) => cpuMs / pairs)),
    peakBytes,
  };
}

/** Against the reference logits of the same pairs; the order within each request is what a ranking is. */
export function agreement(logits, reference) {
  const expected = logits.map((values, request) => reference[request].logits.slice(0, values.length));
  const errors = logits.flatMap((values, request) =>
    values.map((value, i) => Math.abs(value - expected[request][i])),
  );
  const average = (measure) =>
    logits.reduce((total, values, request) => total + measure(values, expected[request]), 0) / logits.length;
  return {
    // Not Math.max of numbers alone: that a logit is NaN or missing must show.
    maxError: errors.every(Number.isFinite) ? Math.max(...errors) : Infinity,
    tau: average(kendallTau),
    topTen: average((a, b) => topOverlap(b, a, 10)),
  };
}
