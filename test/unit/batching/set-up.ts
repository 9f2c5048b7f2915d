import type { BatchingSettings } from '../../../lib/batching/options.js';
import { BatchQueue } from '../../../lib/batching/queue.js';
import { hashTokens } from '../../../lib/batching/tokens.js';
import type { CallOptions } from '../../../lib/batching/types.js';
import { Stats } from '../../../lib/stats.js';
import {
  FakeDevice,
  keyOf,
  packPairs,
  plainSettings,
  VirtualClock,
  type BatchRecord,
  type FakeDeviceOptions,
  type FakePair,
} from './world.js';

let seeds = 0;
/** Pairs of these lengths, equal to no other. */
export const pairs = (...lengths: number[]): FakePair[] =>
  lengths.map((length) => ({ length, seed: (seeds += 1), kind: 'plain' }));
export const pairsOf = (count: number, length: number): FakePair[] =>
  pairs(...new Array<number>(count).fill(length));

/** Two sequences of two tokens that differ and have one hash. */
export function sequencesWithEqualHash(): Int32Array[] {
  const seen = new Map<number, Int32Array>();
  for (let i = 0; ; i += 1) {
    const inputIds = Int32Array.of(i, (i * 7919) % 30_000);
    const slice = { inputIds, tokenTypeIds: new Uint8Array(2), lengths: Int32Array.of(2) };
    const hash = hashTokens({ slice, start: 0, length: 2 });
    const other = seen.get(hash);
    if (other) return [other, inputIds];
    seen.set(hash, inputIds);
  }
}

/** Which part of the pairs in these batches is of a list. */
export function shareOf(list: FakePair[], batches: BatchRecord[]): number {
  const keys = new Set(list.map(keyOf));
  const served = batches.flatMap((batch) => batch.keys);
  return served.filter((key) => keys.has(key)).length / served.length;
}

/** A queue over a fake device, in virtual time. */
export function setUp(settings: Partial<BatchingSettings> = {}, deviceOptions: FakeDeviceOptions = {}) {
  const clock = new VirtualClock();
  const device = new FakeDevice(clock, deviceOptions);
  const stats = new Stats(clock);
  const queue = new BatchQueue(device, { ...plainSettings, ...settings }, stats, clock);

  /** Opens a call, pushes all pairs at once and ends it. */
  function submit(list: FakePair[], options: Partial<CallOptions> = {}) {
    const received: number[] = [];
    const call = queue.open({ onLogits: (index, logits) => (received[index] = logits[0]!), ...options });
    call.push({ ...packPairs(list), first: 0 });
    const result: { done?: { partial: boolean }; error?: unknown; at?: number } = {};
    const ended = call.end().then(
      (done) => Object.assign(result, { done, at: clock.now() }),
      (error: unknown) => Object.assign(result, { error, at: clock.now() }),
    );
    return { call, received, result, ended };
  }
  const sizes = () => device.batches.map(({ keys }) => keys.length);
  return { clock, device, stats, queue, submit, sizes };
}
