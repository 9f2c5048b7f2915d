import { parentPort, workerData } from 'node:worker_threads';
import { seededRandom } from '../datasets/random.mjs';
import { now } from './clock.mjs';

// The generator of the open loop: sleeps until the next request is due, says so, and says how late it was itself.
const { ratePerSecond, requests, seconds, seed } = workerData;
const random = seededRandom(seed);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const startedAt = now();

let due = startedAt;
let stoppedBy = 'requests';
for (let sent = 0; sent < requests; sent += 1) {
  due += (-Math.log(1 - random()) / ratePerSecond) * 1000;
  if (due - startedAt > seconds * 1000) {
    stoppedBy = 'seconds';
    break;
  }
  const wait = due - now();
  if (wait > 0) Atomics.wait(sleeper, 0, 0, wait);
  parentPort.postMessage({ startedAt, due, late: now() - due });
}
parentPort.postMessage({ startedAt, stoppedBy });
