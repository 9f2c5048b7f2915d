// npm run soak: 20,000 overlapping calls of every kind on the tiny model, many of which fail, and what memory does meanwhile.
// Prints a line for each 1,000 calls and ends with exit code 1 if memory grew. `-- --path mlx --calls 2000` for less.
import { parseArgs } from 'node:util';
import { Reranker } from '../dist/index.mjs';
import { openDataset } from './datasets/catalogue.mjs';
import { seededRandom } from './datasets/random.mjs';
import { describeMachine } from './machine.mjs';
import { writeTinyModel } from './measure/tiny-model.mjs';
import { percentile } from './statistics.mjs';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '20000' }, path: { type: 'string' }, dtype: { type: 'string' } },
});
const calls = Number(values.calls);
const REPORTS = 20;
const CALLERS = 16;
/** What the level of the last quarter may lie over that of the second: allocators and the heap breathe by some MB. */
const ALLOWED_GROWTH = 8 * 2 ** 20;

const options = Object.fromEntries(Object.entries({ path: values.path, dtype: values.dtype }).filter(([, value]) => value));
const reranker = await Reranker.load(writeTinyModel(), { ...options, maxQueueSize: 2000 });
const texts = openDataset({ name: 'D1' }).make({ limit: 4000 });
const random = seededRandom(11);
const next = (below) => Math.floor(random() * below);
const outcomes = {};

const kinds = {
  rank: ({ query, documents }) => reranker.rank(query, documents, { topN: 10 }),
  score: ({ query, documents }) => reranker.score(documents.map((document) => [query, document])),
  async stream({ query, documents }) {
    for await (const result of reranker.scoreStream(query, documents)) if (result.index > 100) break;
  },
  aborted: ({ query, documents }) => reranker.rank(query, documents, { signal: AbortSignal.timeout(next(20)) }),
  late: ({ query, documents }) => reranker.rank(query, documents, { timeoutMs: 1 + next(20) }),
  invalid: ({ query, documents }) => reranker.rank(query, [...documents, null]),
};

function someRequest() {
  const [query] = texts[next(texts.length)];
  const documents = Array.from({ length: 1 + next(60) }, () => texts[next(texts.length)][1]);
  return { query, documents };
}

let left = calls;
let done = 0;
async function caller() {
  while (left > 0) {
    left -= 1;
    const kind = Object.keys(kinds)[next(Object.keys(kinds).length)];
    const outcome = await kinds[kind](someRequest()).then(() => 'done', ({ name, code }) => (name === 'RerankerError' ? code : name));
    outcomes[`${kind}: ${outcome}`] = (outcomes[`${kind}: ${outcome}`] ?? 0) + 1;
    done += 1;
    if (done % (calls / REPORTS) === 0) sample();
  }
}

const samples = [];
function sample() {
  globalThis.gc();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  samples.push({ rss, heapUsed, arrayBuffers });
  const columns = [done, ...[rss, heapUsed, arrayBuffers].map((bytes) => (bytes / 2 ** 20).toFixed(1))];
  console.log(columns.map((value) => String(value).padStart(12)).join(''));
}

const { path, dtype } = reranker.info();
const machine = describeMachine();
console.log(`${machine.cpu}, ${machine.usableCores} cores, Node ${machine.node}; ${path}, ${dtype}; ${calls} calls, ${CALLERS} at a time\n`);
console.log(['calls', 'RSS, MB', 'heap, MB', 'buffers, MB'].map((title) => title.padStart(12)).join(''));
await Promise.all(Array.from({ length: CALLERS }, caller));
const { gauges } = reranker.stats();
await reranker.close();

console.log(`\n${Object.entries(outcomes).sort().map(([name, count]) => `${name} ${count}`).join('; ')}`);
const level = (from, to, key) => percentile(samples.slice(from * REPORTS, to * REPORTS).map((one) => one[key]), 50);
const grown = Object.keys(samples[0]).filter((key) => level(0.75, 1, key) - level(0.25, 0.5, key) > ALLOWED_GROWTH);
const { queuedPairs, queuedTokens, inFlight } = gauges;
const leftOver = Object.entries({ queuedPairs, queuedTokens, inFlight }).filter(([, value]) => value !== 0);
console.log(grown.length ? `Grew: ${grown.join(', ')}.` : 'Memory is flat.');
if (leftOver.length) console.log(`Left behind: ${leftOver.map(([name, value]) => `${name} ${value}`).join(', ')}.`);
if (grown.length || leftOver.length) process.exitCode = 1;
