import { fromNative, RerankerError } from '../errors.js';

export function closedError(): RerankerError {
  return new RerankerError('ERR_CLOSED', 'Expected an open reranker, but it was closed. Load a new one.');
}

export function overloadedError(queuedPairs: number, maxQueueSize: number, waitMs: number): RerankerError {
  const retryAfterMs = Math.max(1, Math.ceil(waitMs));
  const message =
    `Expected fewer than ${maxQueueSize} queued pairs of other calls (maxQueueSize), found ${queuedPairs}. ` +
    `At the present rate they take about ${retryAfterMs} ms: try again then.`;
  return new RerankerError('ERR_OVERLOADED', message, { retryAfterMs });
}

/** What a call is told whose pairs failed on the device by themselves. */
export function deviceError(error: unknown): unknown {
  const known = fromNative(error);
  if (known instanceof RerankerError) return known;
  const text = error instanceof Error ? error.message : String(error);
  return new RerankerError('ERR_DEVICE', `Expected logits from the device, but it failed: ${text}`, {
    cause: error,
  });
}

export function isOutOfMemory(error: unknown): boolean {
  return (error as { code?: unknown } | undefined | null)?.code === 'ERR_OUT_OF_MEMORY';
}

export function notFiniteError(name: string, logits: Float32Array): RerankerError {
  const message =
    `Expected a finite logit for ${name}, received ${[...logits].join(', ')}. The weights or the ` +
    'dtype do not suit this input: try dtype float32, and check the model files.';
  return new RerankerError('ERR_DEVICE', message);
}

export function logitCountError(expected: number, received: unknown): RerankerError {
  const count = received instanceof Float32Array ? `${received.length}` : 'no Float32Array';
  return new RerankerError('ERR_DEVICE', `Expected ${expected} logits from the device, received ${count}.`);
}
