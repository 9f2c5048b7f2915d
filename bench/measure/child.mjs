// One point of an experiment in a process of its own: loads, warms up, reports ready, measures on the word, reports.
import { availableParallelism } from 'node:os';
import { openDataset } from '../datasets/catalogue.mjs';
import { oneQuery } from '../datasets/one-query.mjs';
import { now } from '../load/clock.mjs';
import { closedLoop } from '../load/closed-loop.mjs';
import { openLoop } from '../load/open-loop.mjs';
import { requestsOf } from '../load/requests.mjs';
import { difference } from './difference.mjs';
import { watchEventLoop } from './event-loop.mjs';
import { Sampler } from './sampler.mjs';

// Five requests, as the reference study's client makes, but of at most 32 pairs and none after three seconds.
const WARMUP = { requests: 5, pairs: 32, seconds: 3 };

process.once('message', (job) => {
  run(job).catch(async ({ code, message, stack }) => {
    await report({ failed: { code, message: message ?? String(stack), loading: !loaded } });
    process.exit(1);
  });
});

let loaded = false;
const report = (message) => new Promise((done) => process.send(message, done));

async function run({ model, options, dataset, point, limits, keepLogits }) {
  const importMs = await timeOf(() => import('../../dist/index.mjs'));
  const { openKernel, openReranker, openTokenizer } = await import('./targets.mjs');
  const open = { reranker: openReranker, tokenizer: openTokenizer, kernel: openKernel }[point.target];
  const pairs = openDataset(dataset).make({ limit: dataset.limit });
  const target = await open({ model, options: withThreads(options, point.replicas) }, pairs, point.batch);
  loaded = true;
  const warmupRequests = await warmUp(target, pairs, point);

  await report({ ready: true });
  await new Promise((go) => process.once('message', go));
  const measurement = await measure(target, pairs, point, limits);

  const logits = keepLogits ? await target.logits(oneQuery.make({ limit: keepLogits })) : undefined;
  await report({
    done: {
      ...measurement,
      info: target.info,
      importMs,
      loadMs: target.loadMs ?? null,
      warmupRequests,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      logits,
    },
  });
  await target.close();
  process.disconnect();
}

/** Rerankers that share a CPU share its cores. */
const withThreads = (options, replicas) =>
  replicas > 1 ? { threads: Math.max(1, Math.floor(availableParallelism() / replicas)), ...options } : options;

async function timeOf(work) {
  const began = now();
  await work();
  return now() - began;
}

/** Returns the requests it made: they count in what a server would have served, never in what is measured. */
async function warmUp(target, pairs, { batch, shape }) {
  const size = Math.min(batch, WARMUP.pairs);
  const nextRequest = requestsOf(pairs, { batch: size, shape });
  const done = [];
  const load = {
    clients: 1,
    requests: WARMUP.requests,
    seconds: WARMUP.seconds,
    batch: size,
    nextRequest,
    send: target.send,
  };
  await closedLoop({ ...load, onDone: (request) => done.push(request) });
  return done;
}

async function measure(target, pairs, point, { requests, seconds, seed }) {
  const finished = [];
  const sampler = new Sampler(target, finished);
  const eventLoop = watchEventLoop(point.eventLoopResolutionMs ?? 10);
  const before = { stats: target.stats?.(), cpu: process.cpuUsage(), tokens: target.tokens?.() };
  const stopBackground = startBackground(target, pairs, point.background);
  sampler.start();

  const load = {
    requests,
    seconds,
    seed,
    batch: point.batch,
    nextRequest: requestsOf(pairs, point),
    send: target.send,
  };
  const onDone = (request) => finished.push(request);
  const { startedAt, ...result } =
    point.load.kind === 'open'
      ? await openLoop({ ...load, ratePerSecond: point.load.ratePerSecond, onDone })
      : await closedLoop({ ...load, clients: point.concurrency, onDone });

  sampler.stop();
  const cpu = process.cpuUsage(before.cpu);
  const stats = target.stats && difference(before.stats, target.stats());
  return {
    ...result,
    requests: finished,
    cpuMs: (cpu.user + cpu.system) / 1000,
    eventLoop: eventLoop.stop(),
    stats: stats ?? (target.tokens ? { tokens: target.tokens() - before.tokens } : null),
    samples: sampler.samples,
    background: await stopBackground(),
  };
}

/** Other callers, whose own latency is not what is asked. */
function startBackground(target, pairs, background) {
  if (!background) return async () => null;
  const stop = new AbortController();
  let served = 0;
  const load = closedLoop({
    clients: background.concurrency,
    requests: Infinity,
    seconds: Infinity,
    signal: stop.signal,
    batch: background.batch,
    nextRequest: requestsOf(pairs, background),
    send: async (request, signal) => {
      try {
        return await target.send(request, signal);
      } catch (error) {
        if (error === stop.signal.reason) return { retryAfterMs: 0 };
        throw error;
      }
    },
    onDone: () => (served += 1),
  });
  load.catch(() => {}); // reported by whoever stops it
  return async () => {
    stop.abort();
    await load;
    return { ...background, served };
  };
}
