import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../../lib/batching/clock.js';
import type { BatchingSettings } from '../../../lib/batching/options.js';
import type { Device, PackedBatch, PackedPairs } from '../../../lib/batching/types.js';

interface Event {
  at: number;
  order: number;
  run: () => void;
}

/** Time that passes only when a test says so. `timers` counts what the code under test has pending. */
export class VirtualClock implements Clock {
  timers = 0;
  #now = 0;
  #order = 0;
  #events: Event[] = [];

  now(): number {
    return this.#now;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    let pending = true;
    const end = () => {
      if (!pending) return false;
      pending = false;
      this.timers -= 1;
      return true;
    };
    this.timers += 1;
    const event = this.after(delayMs, () => {
      if (end()) callback();
    });
    return () => {
      if (end()) this.#events = this.#events.filter((other) => other !== event);
    };
  }

  after(delayMs: number, run: () => void): Event {
    const event = { at: this.#now + delayMs, order: (this.#order += 1), run };
    this.#events.push(event);
    return event;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs the next event and all that follows from it at that time; false when there is none. */
  async step(): Promise<boolean> {
    await turn();
    let next: Event | undefined;
    for (const event of this.#events) {
      if (!next || event.at < next.at || (event.at === next.at && event.order < next.order)) next = event;
    }
    if (!next) return false;
    this.#events.splice(this.#events.indexOf(next), 1);
    this.#now = Math.max(this.#now, next.at);
    next.run();
    await turn();
    return true;
  }

  /** Runs every event up to and including this time. */
  async until(time: number): Promise<void> {
    await turn();
    while (this.#events.some((event) => event.at <= time)) await this.step();
    this.#now = Math.max(this.#now, time);
  }

  async run(): Promise<void> {
    while (await this.step());
  }
}

/** What a fake pair does on the device; coded in its first token id. */
export type PairKind = 'plain' | 'poison' | 'nan';
const FIRST_ID = { plain: 1, poison: 2, nan: 3 } as const;

export interface FakePair {
  length: number;
  /** Pairs with equal length, seed and kind are identical. */
  seed: number;
  kind: PairKind;
}

export function tokensOf({ length, seed, kind }: FakePair): { inputIds: number[]; tokenTypeIds: number[] } {
  const inputIds = Array.from({ length }, (_, i) => 10 + ((seed * 7919 + i * 31) % 1000));
  inputIds[0] = FIRST_ID[kind];
  if (length > 1) inputIds[1] = 10 + seed;
  return { inputIds, tokenTypeIds: inputIds.map((_, i) => Number(i > length / 2)) };
}

export function packPairs(pairs: readonly FakePair[]): PackedPairs {
  const tokens = pairs.map(tokensOf);
  return {
    inputIds: Int32Array.from(tokens.flatMap((pair) => pair.inputIds)),
    tokenTypeIds: Uint8Array.from(tokens.flatMap((pair) => pair.tokenTypeIds)),
    lengths: Int32Array.from(pairs.map((pair) => pair.length)),
  };
}

/** The fake model: a function of ids, types and their positions alone, exact in float32. */
export function logitOf(inputIds: ArrayLike<number>, tokenTypeIds: ArrayLike<number>, label: number): number {
  let sum = inputIds.length + 17 * label;
  for (let i = 0; i < inputIds.length; i += 1)
    sum = (sum * 31 + inputIds[i]! * 2 + tokenTypeIds[i]!) % 1_000_003;
  return sum;
}

export function logitOfPair(pair: FakePair, label = 0): number {
  const { inputIds, tokenTypeIds } = tokensOf(pair);
  return logitOf(inputIds, tokenTypeIds, label);
}

export function keyOf(pair: FakePair): string {
  const { inputIds, tokenTypeIds } = tokensOf(pair);
  return sequenceKey(inputIds, tokenTypeIds);
}

function sequenceKey(inputIds: ArrayLike<number>, tokenTypeIds: ArrayLike<number>): string {
  return `${Array.from(inputIds).join()}|${Array.from(tokenTypeIds).join('')}`;
}

export interface FakeDeviceOptions {
  labels?: number;
  startMs?: number;
  msPerToken?: number;
  /** Pairs worked on at the same time, each by a part of the device that takes `msPerToken`. */
  parts?: number;
  /** Part of a batch's time after which all of it is under way; Infinity: never said. Default: as soon as it is sent. */
  underWayAfter?: number;
  /** Batches of more tokens fail with `ERR_OUT_OF_MEMORY`. */
  memoryTokens?: number;
  /** Ordinals (0 = first) of batches that go wrong whatever they hold. */
  rejects?: readonly number[];
  throws?: readonly number[];
  shortResults?: readonly number[];
  /** A batch that takes this much longer. */
  stall?: { ordinal: number; ms: number };
}

export interface BatchRecord {
  keys: string[];
  tokens: number;
  area: number;
  startedAt: number;
  endedAt?: number;
  failed?: boolean;
}

/** Runs batches one after the other in virtual time. */
export class FakeDevice implements Device {
  readonly labels: number;
  readonly batches: BatchRecord[] = [];
  readonly running = new Set<BatchRecord>();
  /** Those of the running that are not under way. */
  readonly waiting = new Set<BatchRecord>();
  readonly #clock: VirtualClock;
  readonly #options: FakeDeviceOptions;
  #freeAt = 0;

  constructor(clock: VirtualClock, options: FakeDeviceOptions = {}) {
    this.#clock = clock;
    this.#options = options;
    this.labels = options.labels ?? 1;
  }

  score(batch: PackedBatch, onUnderWay: () => void = () => {}): Promise<Float32Array> {
    const { startMs = 1, msPerToken = 0.01, parts = 1, memoryTokens = Infinity, underWayAfter } = this.#options;
    const ordinal = this.batches.length;
    const sequences = Array.from(batch.offsets.subarray(1), (end, i) => ({
      ids: batch.inputIds.subarray(batch.offsets[i]!, end),
      types: batch.tokenTypeIds.subarray(batch.offsets[i]!, end),
    }));
    const record: BatchRecord = {
      keys: sequences.map(({ ids, types }) => sequenceKey(ids, types)),
      tokens: batch.inputIds.length,
      area: sequences.reduce((area, { ids }) => area + ids.length ** 2, 0),
      startedAt: this.#clock.now(),
    };
    this.batches.push(record);
    if (this.#options.throws?.includes(ordinal)) {
      record.failed = true;
      record.endedAt = this.#clock.now();
      throw new Error('device threw');
    }
    this.running.add(record);
    const loads = new Array<number>(parts).fill(0);
    for (const { ids } of sequences) loads[loads.indexOf(Math.min(...loads))]! += ids.length;
    const beginsAt = Math.max(this.#freeAt, this.#clock.now());
    this.#freeAt = beginsAt + startMs + msPerToken * Math.max(...loads);
    if (ordinal === this.#options.stall?.ordinal) this.#freeAt += this.#options.stall.ms;
    this.waiting.add(record);
    const tell = () => {
      this.waiting.delete(record);
      onUnderWay();
    };
    if (underWayAfter === undefined) queueMicrotask(tell);
    else if (underWayAfter < Infinity) this.#clock.after(beginsAt + underWayAfter * (this.#freeAt - beginsAt) - this.#clock.now(), tell);
    return new Promise((resolve, reject) => {
      this.#clock.after(this.#freeAt - this.#clock.now(), () => {
        this.running.delete(record);
        this.waiting.delete(record);
        record.endedAt = this.#clock.now();
        const fail = (error: Error) => {
          record.failed = true;
          reject(error);
        };
        if (record.tokens > memoryTokens) {
          fail(Object.assign(new Error('too little memory'), { code: 'ERR_OUT_OF_MEMORY' }));
        } else if (this.#options.rejects?.includes(ordinal)) {
          fail(new Error('device failed'));
        } else if (sequences.some(({ ids }) => ids[0] === FIRST_ID.poison)) {
          fail(new Error('poisoned batch'));
        } else if (this.#options.shortResults?.includes(ordinal)) {
          record.failed = true;
          resolve(new Float32Array(sequences.length * this.labels - 1));
        } else {
          resolve(
            Float32Array.from(
              sequences.flatMap(({ ids, types }) => {
                const nan = ids[0] === FIRST_ID.nan;
                return Array.from({ length: this.labels }, (_, label) =>
                  nan ? NaN : logitOf(ids, types, label),
                );
              }),
            ),
          );
        }
      });
    });
  }
}

export const plainSettings: BatchingSettings = {
  targetBatchMs: 50,
  maxBatchTokens: 1000,
  maxBatchSize: 256,
  maxQueueDelayMs: 0,
  maxQueueSize: 32_000,
  maxInFlight: 1,
  scheduling: 'fair',
  cacheSize: 0,
  initialBatchTokens: 1000,
  parallelPairs: 1,
  maxBatchArea: 512 * 1000,
  windowBatches: 1,
  lengthMultiple: 1,
  bucketTokens: 0,
};
