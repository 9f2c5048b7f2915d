import fc from 'fast-check';
import type { BatchingSettings } from '../../../lib/batching/options.js';
import type { FakeDeviceOptions, FakePair } from './world.js';

export interface CallPlan {
  at: number;
  pairs: FakePair[];
  sliceSize: number;
  /** Whether the feeder waits for `wanted()`. */
  polite: boolean;
  /** Milliseconds the feeder takes before each slice. */
  gapMs: number;
  weight?: number | undefined;
  fairnessKey?: string | undefined;
  timeoutMs?: number | undefined;
  deadlineMs?: number | undefined;
  /** When its signal aborts, from the start of the history. */
  abortAt?: number | undefined;
  /** `onLogits` throws when it receives this index. */
  throwsAt?: number | undefined;
  /** The feeder fails before its slice of this number. */
  feederFailsAt?: number | undefined;
}

export interface ClosePlan {
  at: number;
  drain: boolean;
}

export interface History {
  settings: BatchingSettings;
  device: FakeDeviceOptions;
  calls: CallPlan[];
  closes: ClosePlan[];
}

const oneIn = <T>(times: number, arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const time = fc.integer({ min: 0, max: 150 });

const settings: fc.Arbitrary<BatchingSettings> = fc.record({
  targetBatchMs: fc.integer({ min: 1, max: 20 }),
  parallelPairs: fc.constantFrom(1, 1, 3),
  maxBatchTokens: fc.integer({ min: 1, max: 120 }),
  maxBatchSize: fc.integer({ min: 1, max: 8 }),
  maxQueueDelayMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 15 })),
  maxQueueSize: fc.oneof({ weight: 3, arbitrary: fc.constant(1000) }, fc.integer({ min: 1, max: 10 })),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
  scheduling: fc.constantFrom('fair', 'fifo'),
  cacheSize: fc.constantFrom(0, 0, 3),
  initialBatchTokens: fc.integer({ min: 1, max: 120 }),
  maxBatchArea: fc.integer({ min: 50, max: 4000 }),
  windowBatches: fc.integer({ min: 1, max: 4 }),
  lengthMultiple: fc.constantFrom(1, 8),
  bucketTokens: fc.constantFrom(0, 5),
});

const none: fc.Arbitrary<number[]> = fc.constant([]);
const ordinals = fc.oneof(
  { weight: 2, arbitrary: none },
  fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 2 }),
);
const device: fc.Arbitrary<FakeDeviceOptions> = fc.record({
  labels: fc.constantFrom(1, 1, 2),
  startMs: fc.integer({ min: 0, max: 5 }),
  msPerToken: fc.constantFrom(0, 0.05, 0.2),
  underWayAfter: fc.constantFrom(undefined, 0, 0.5, 1, Infinity),
  memoryTokens: fc.constantFrom(Infinity, Infinity, Infinity, 45, 30),
  rejects: ordinals,
  throws: ordinals,
  shortResults: ordinals,
});

const pair: fc.Arbitrary<FakePair> = fc.record({
  length: fc.integer({ min: 2, max: 40 }),
  seed: fc.integer({ min: 0, max: 3 }),
  kind: fc.oneof(
    { weight: 200, arbitrary: fc.constant('plain' as const) },
    { weight: 1, arbitrary: fc.constant('poison' as const) },
    { weight: 1, arbitrary: fc.constant('nan' as const) },
  ),
});

const call: fc.Arbitrary<CallPlan> = fc.record({
  at: time,
  pairs: fc.array(pair, { maxLength: 24 }),
  sliceSize: fc.integer({ min: 1, max: 8 }),
  polite: fc.boolean(),
  gapMs: fc.constantFrom(0, 0, 0, 3),
  weight: oneIn(4, fc.constantFrom(0.5, 1, 3)),
  fairnessKey: oneIn(4, fc.constantFrom('a', 'b')),
  timeoutMs: oneIn(7, time),
  deadlineMs: oneIn(7, time),
  abortAt: oneIn(7, time),
  throwsAt: oneIn(25, fc.integer({ min: 0, max: 23 })),
  feederFailsAt: oneIn(25, fc.integer({ min: 0, max: 3 })),
});

const close: fc.Arbitrary<ClosePlan> = fc.record({ at: time, drain: fc.boolean() });

export const history: fc.Arbitrary<History> = fc.record({
  settings,
  device,
  calls: fc.array(call, { minLength: 1, maxLength: 10 }),
  closes: fc.oneof({ weight: 2, arbitrary: fc.constant<ClosePlan[]>([]) }, fc.array(close, { maxLength: 2 })),
});
