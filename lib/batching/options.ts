import * as v from 'valibot';
import { RerankerError } from '../errors.js';
import { MAX_TIMER_MS } from './clock.js';
import type { CallOptions } from './types.js';

/** How calls are merged into batches. Every option has a default that suits the device; few users need any. */
export interface BatchingOptions {
  /**
   * Milliseconds one batch should take; its size in tokens follows from the observed throughput, and up to half as much again if
   * all that is left of a call fits then. Default 50. With less, small calls wait less for what is on the device, and the device gets less done.
   */
  targetBatchMs?: number;
  /** Most tokens of one batch, whatever the throughput. A longer single pair goes alone. Default 8192. */
  maxBatchTokens?: number;
  /** Most pairs of one batch. Default 256. */
  maxBatchSize?: number;
  /**
   * Milliseconds a pair may be held back on an idle device so that others can join its batch. Default 0: whatever
   * is queued when the device can take it goes, and a busy device is the gathering time.
   */
  maxQueueDelayMs?: number;
  /** Pairs of other calls that may be queued before a new call is refused with `ERR_OVERLOADED`. Default 32000. */
  maxQueueSize?: number;
  /**
   * Batches on the device at once, at most. With the CPU encoder none is sent while more than half of `targetBatchMs` of work
   * waits there that no thread has taken up, so that a small call need not wait for two. Default 2 with the CPU encoder, whose threads go on to the second while the
   * first ends; 1 with MLX on a CPU; on a GPU 3: one runs, one waits, one is confirmed.
   */
  maxInFlight?: number;
  /**
   * `fair`: calls share the device by tokens and weight; short ones go first, but none ends later than if all were served
   * side by side, give or take a batch or two. `fifo`: in order of arrival. Default `fair`.
   */
  scheduling?: 'fair' | 'fifo';
  /** Pairs whose logits are remembered, by exact token ids; least recently used leave first. Default 0: none. */
  cacheSize?: number;
}

/** What the defaults depend on; a native model's `info` is one. */
export interface DeviceProfile {
  path: 'mlx' | 'mlx+metal-kernels' | 'cpu';
  device: 'gpu' | 'cpu';
  /** Threads that compute; 1 on a GPU. */
  threads: number;
  /** The device rounds lengths up to this many tokens. */
  lengthMultiple: number;
  /** Batches worth sending before the first is back. */
  maxInFlight: number;
}

/** Validated options with every default filled in, and what the device dictates. */
export interface BatchingSettings extends Required<BatchingOptions> {
  /** Token budget until a throughput has been observed. */
  initialBatchTokens: number;
  /** Pairs the device works on at the same time. */
  parallelPairs: number;
  /** Most of the sum of squared lengths of a batch: bounds the attention scores a device may hold at once. */
  maxBatchArea: number;
  /** Batches' worth of pairs among which pairs of similar length are looked for. */
  windowBatches: number;
  lengthMultiple: number;
  /** What one more distinct length in a batch costs, in tokens. */
  bucketTokens: number;
}

const whole = (least: number) => {
  const expected = `a whole number of at least ${least}`;
  return v.optional(v.pipe(v.number(expected), v.safeInteger(expected), v.minValue(least, expected)));
};

const between = (least: number, most: number) => {
  const expected = `a number from ${least} to ${most}`;
  return v.optional(v.pipe(v.number(expected), v.minValue(least, expected), v.maxValue(most, expected)));
};

const batchingSchema = v.object({
  targetBatchMs: between(0.1, 60_000),
  maxBatchTokens: whole(1),
  maxBatchSize: whole(1),
  maxQueueDelayMs: between(0, 60_000),
  maxQueueSize: whole(1),
  maxInFlight: whole(1),
  scheduling: v.optional(v.picklist(['fair', 'fifo'], `'fair' or 'fifo'`)),
  cacheSize: whole(0),
});

const callSchema = v.object({
  weight: between(0.001, 1000),
  timeoutMs: between(0, MAX_TIMER_MS),
  deadlineMs: between(0, MAX_TIMER_MS),
  signal: v.optional(v.instance(AbortSignal, 'an AbortSignal')),
});

function check<T extends v.GenericSchema>(schema: T, input: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const name = v.getDotPath(issue) ?? 'options';
  const expected = issue.type === 'object' ? 'an object' : issue.message;
  throw new RerankerError(
    'ERR_INVALID_ARGUMENT',
    `Option "${name}": expected ${expected}, received ${issue.received}.`,
  );
}

/** @throws RerankerError `ERR_INVALID_ARGUMENT`, naming the option. */
export function resolveBatching(options: BatchingOptions, profile: DeviceProfile): BatchingSettings {
  const given = check(batchingSchema, options);
  const maxBatchTokens = given.maxBatchTokens ?? 8192;
  const gpu = profile.device === 'gpu';
  // Only MLX's own attention cares which lengths share a batch: it works in groups of equal length. Elsewhere pairs
  // are packed without padding, so a wider window would delay pairs and gain nothing.
  const grouped = profile.path === 'mlx';
  return {
    targetBatchMs: given.targetBatchMs ?? 50,
    maxBatchTokens,
    maxBatchSize: given.maxBatchSize ?? 256,
    maxQueueDelayMs: given.maxQueueDelayMs ?? 0,
    maxQueueSize: given.maxQueueSize ?? 32_000,
    maxInFlight: given.maxInFlight ?? profile.maxInFlight,
    scheduling: given.scheduling ?? 'fair',
    cacheSize: given.cacheSize ?? 0,
    initialBatchTokens: Math.min(maxBatchTokens, gpu ? 4096 : 1024 * profile.threads),
    parallelPairs: profile.threads,
    maxBatchArea: 512 * maxBatchTokens,
    windowBatches: grouped ? 4 : 1,
    lengthMultiple: profile.lengthMultiple,
    bucketTokens: grouped ? 16 : 0,
  };
}

/** @throws RerankerError `ERR_INVALID_ARGUMENT`, naming the option. */
export function checkCallOptions(options: CallOptions): void {
  check(callSchema, options);
}
