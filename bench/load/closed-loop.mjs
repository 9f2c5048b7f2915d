import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.mjs';

/**
 * Each client sends, waits for its answer and sends again. New requests stop after `requests` of them or `seconds`,
 * whichever is first, or when `signal` aborts; what is under way is waited for and counts.
 */
export async function closedLoop({ clients, requests, seconds, signal, batch, nextRequest, send, onDone }) {
  const start = now();
  const load = { startedAt: start, sent: 0, shed: 0, stoppedBy: 'requests' };
  const mayStart = () => {
    if (signal?.aborted) return false;
    if (load.sent >= requests) return false;
    if (now() - start < seconds * 1000) return true;
    load.stoppedBy = 'seconds';
    return false;
  };
  const client = async () => {
    while (mayStart()) {
      load.sent += 1;
      const request = nextRequest();
      const sentAt = now();
      const { retryAfterMs } = await send(request, signal);
      if (retryAfterMs === undefined) {
        onDone({ startMs: sentAt - start, latencyMs: now() - sentAt, pairs: batch });
      } else {
        load.shed += 1;
        await sleep(retryAfterMs);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  load.wallMs = now() - start;
  return load;
}
