// Cost of the queue alone, per pair, with 100 to 1,000,000 pairs queued: the device answers at once, so what is
// measured is hashing, queueing, planning, packing and delivery. CPU time of the whole process, so that garbage
// collection counts and a shared machine does not. Needs `npm run build`.
//
//   node bench/queue.bench.mjs [rounds]
import { resolveBatching } from '../dist/batching/options.js';
import { BatchQueue } from '../dist/batching/queue.js';
import { Stats } from '../dist/stats.js';

const rounds = Number(process.argv[2] ?? 5);
const profiles = {
  'cpu, window of 1 batch': { path: 'cpu', device: 'cpu', threads: 2, lengthMultiple: 1, maxInFlight: 1 },
  'gpu, window of 4 batches': { path: 'mlx', device: 'gpu', threads: 1, lengthMultiple: 8, maxInFlight: 2 },
};
const SLICE = 16; // pairs a tokenizer hands over at once
const MEAN_LENGTH = 82; // tokens of an MS MARCO pair

let state = 1;
const random = () => ((state = Math.imul(state, 1664525) + 1013904223) >>> 8) / 2 ** 24;

/** Slices of distinct pairs, lengths spread like MS MARCO's. */
function makeSlices(pairs) {
  const slices = [];
  for (let first = 0; first < pairs; first += SLICE) {
    const count = Math.min(SLICE, pairs - first);
    const lengths = Int32Array.from({ length: count }, () =>
      Math.round(MEAN_LENGTH * (0.4 + 1.2 * random())),
    );
    const total = lengths.reduce((a, b) => a + b, 0);
    const inputIds = new Int32Array(total);
    for (let i = 0; i < total; i += 1) inputIds[i] = 1 + random() * 30_000;
    slices.push({ first, lengths, inputIds, tokenTypeIds: new Uint8Array(total) });
  }
  return slices;
}

/** CPU microseconds per pair, from opening the calls to their last result. */
async function measure(profile, slices, pairs, calls) {
  const device = { labels: 1, score: async ({ offsets }) => new Float32Array(offsets.length - 1) };
  const queue = new BatchQueue(device, resolveBatching({ maxQueueSize: 2 ** 31 }, profile), new Stats());
  let received = 0;
  const before = process.cpuUsage();
  const open = Array.from({ length: calls }, () => queue.open({ onLogits: () => (received += 1) }));
  for (const [i, slice] of slices.entries()) open[i % calls].push(slice);
  await Promise.all(open.map((call) => call.end()));
  const { user, system } = process.cpuUsage(before);
  await queue.close();
  if (received !== pairs) throw new Error(`Expected ${pairs} results, received ${received}.`);
  return (user + system) / pairs;
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const sizes = [100, 1000, 10_000, 100_000, 1_000_000];
const inputs = new Map(sizes.map((pairs) => [pairs, makeSlices(pairs)]));
console.log(`Node ${process.version}, median of ${rounds} interleaved rounds, CPU microseconds per pair`);
for (const [name, profile] of Object.entries(profiles)) {
  const rows = sizes.flatMap((pairs) =>
    [1, Math.min(1000, pairs / 10)].map((calls) => ({ pairs, calls, costs: [] })),
  );
  for (let warm = 0; warm < 30; warm += 1) await measure(profile, inputs.get(10_000), 10_000, 100);
  for (let round = 0; round < rounds; round += 1) {
    for (const { pairs, calls, costs } of rows) {
      const repeats = Math.max(1, 100_000 / pairs);
      const results = [];
      for (let i = 0; i < repeats; i += 1)
        results.push(await measure(profile, inputs.get(pairs), pairs, calls));
      costs.push(mean(results));
    }
  }
  console.log(`\n${name}\n    pairs    calls   us/pair`);
  for (const { pairs, calls, costs } of rows) {
    console.log(
      [pairs, calls, median(costs).toFixed(2)].map((column) => String(column).padStart(9)).join(''),
    );
  }
}
