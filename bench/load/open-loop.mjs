import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { percentile } from '../statistics.mjs';
import { now } from './clock.mjs';

/**
 * Requests arrive at random moments (Poisson) whatever the answers do. The moments come from another thread, and a
 * latency counts from the moment the request was due, so a busy event loop or a late generator cannot hide a stall.
 */
export async function openLoop({ ratePerSecond, requests, seconds, seed, batch, nextRequest, send, onDone }) {
  const arrivals = new Worker(new URL('./arrivals-thread.mjs', import.meta.url), {
    workerData: { ratePerSecond, requests, seconds, seed },
    execArgv: [],
  });
  const load = { sent: 0, shed: 0, stoppedBy: 'requests', ratePerSecond };
  const lateness = [];
  const running = [];
  let start;
  let failure;
  arrivals.on('message', ({ startedAt, due, late, stoppedBy }) => {
    start = load.startedAt = startedAt;
    if (stoppedBy) load.stoppedBy = stoppedBy;
    else running.push(serve(due, late).catch((error) => (failure ??= error)));
  });
  const serve = async (due, late) => {
    load.sent += 1;
    lateness.push(late);
    const { retryAfterMs } = await send(nextRequest());
    if (retryAfterMs === undefined) onDone({ startMs: due - start, latencyMs: now() - due, pairs: batch });
    else load.shed += 1;
  };
  await once(arrivals, 'exit');
  await Promise.all(running);
  if (failure) throw failure;
  load.wallMs = now() - start;
  load.generatorLateMs =
    load.sent > 0
      ? { p50: percentile(lateness, 50), p99: percentile(lateness, 99), max: percentile(lateness, 100) }
      : null;
  return load;
}
