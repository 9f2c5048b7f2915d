import { sum } from '../statistics.mjs';

/** What several processes measured side by side, as one measurement; each stays visible in `workers`. */
export function mergeReplicas(parts) {
  const requests = parts.flatMap((part) => part.requests).sort((a, b) => a.startMs - b.startMs);
  const first = parts[0];
  return {
    ...first,
    requests,
    pairs: sum(requests.map((request) => request.pairs)),
    wallMs: Math.max(...parts.map((part) => part.wallMs)),
    sent: sum(parts.map((part) => part.sent)),
    shed: sum(parts.map((part) => part.shed)),
    stoppedBy: parts.some((part) => part.stoppedBy === 'seconds') ? 'seconds' : 'requests',
    cpuMs: sum(parts.map((part) => part.cpuMs)),
    peakRssBytes: sum(parts.map((part) => part.peakRssBytes)),
    eventLoop: {
      ...first.eventLoop,
      maxMs: Math.max(...parts.map((part) => part.eventLoop.maxMs)),
      p99Ms: Math.max(...parts.map((part) => part.eventLoop.p99Ms)),
    },
    stats: first.stats && sumOf(parts.map((part) => part.stats)),
    samples: parts.length === 1 ? first.samples : sumSamples(parts.map((part) => part.samples)),
    workers: parts.map(({ requests: served, warmupRequests, wallMs }) => ({
      requests: served,
      warmupRequests,
      wallMs,
    })),
    warmupRequests: undefined,
  };
}

/** Adds up numbers of the same name, at any depth. */
function sumOf(objects) {
  return Object.fromEntries(
    Object.entries(objects[0]).map(([key, value]) => {
      const values = objects.map((object) => object[key]);
      return [key, typeof value === 'object' ? sumOf(values) : sum(values)];
    }),
  );
}

const ADDED = ['cpuPercent', 'rssMb', 'pairsPerSecond', 'gpuMemoryMb', 'queuedPairs'];

/** Samples of the same moment: amounts add up, times and shares are averaged. */
function sumSamples(lists) {
  const length = Math.min(...lists.map((list) => list.length));
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(
      Object.keys(lists[0][i]).map((key) => {
        const values = lists.map((list) => list[i][key]);
        if (values.includes(null)) return [key, null];
        return [key, ADDED.includes(key) ? sum(values) : sum(values) / values.length];
      }),
    ),
  );
}
