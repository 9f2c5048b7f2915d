import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mergeReplicas } from './merge-replicas.mjs';

const child = fileURLToPath(new URL('../measure/child.mjs', import.meta.url));
const PATIENCE_MS = 20 * 60_000; // beyond its own limit; a point that takes longer hangs

/** Of an error while loading, these say that this machine cannot do what was asked, not that something broke. */
const UNAVAILABLE = ['ERR_DEVICE', 'ERR_INVALID_ARGUMENT', 'ERR_NATIVE_LOAD'];

/**
 * Measures one point once, each replica in a fresh process; they begin together. Never rejects: a point that fails
 * is `{ status: 'error' | 'unavailable', error }`.
 */
export async function runPoint(job) {
  const { point, limits } = job;
  const replicas = Array.from({ length: point.replicas }, (_, replica) =>
    start({
      ...job,
      point: { ...point, concurrency: share(point.concurrency, point.replicas, replica) },
      limits: { ...limits, requests: share(limits.requests, point.replicas, replica) },
    }),
  );
  try {
    await Promise.all(replicas.map((replica) => replica.ready));
    for (const { process } of replicas) process.send('go');
    return { status: 'ok', ...mergeReplicas(await Promise.all(replicas.map((replica) => replica.done))) };
  } catch (error) {
    const unavailable = job.optional && error.loading && UNAVAILABLE.includes(error.code);
    return {
      status: unavailable ? 'unavailable' : 'error',
      error: [error.code, error.message].filter(Boolean).join(': '),
    };
  } finally {
    for (const replica of replicas) replica.stop();
  }
}

/** Everyone gets at least one. */
const share = (total, parts, part) => Math.max(1, Math.floor(total / parts) + (part < total % parts ? 1 : 0));

/** A replica has done its work when it has reported and then left in peace: a crash on the way out is a crash. */
function start(job) {
  const process = fork(child, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let stderr = '';
  process.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-2000)));
  const timer = setTimeout(() => process.kill('SIGKILL'), PATIENCE_MS + job.limits.seconds * 1000);
  const settled = {};
  const ready = new Promise((resolve, reject) => (settled.ready = { resolve, reject }));
  const done = new Promise((resolve, reject) => (settled.done = { resolve, reject }));
  for (const promise of [ready, done]) promise.catch(() => {}); // both fail; one of them may have no listener yet
  const fail = (error) => {
    settled.ready.reject(error);
    settled.done.reject(error);
  };
  let measurement;
  process.on('message', (message) => {
    if (message.ready) settled.ready.resolve();
    if (message.done) measurement = message.done;
    if (message.failed) fail(message.failed);
  });
  process.on('error', fail);
  process.on('close', (code, signal) => {
    clearTimeout(timer);
    if (measurement && code === 0) settled.done.resolve(measurement);
    else
      fail({ message: `the process ended with ${signal ?? `exit code ${code}`}${stderr && `: ${stderr.trim()}`}` });
  });
  process.send(job);
  return { process, ready, done, stop: () => void process.kill('SIGKILL') };
}
