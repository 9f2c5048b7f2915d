import type { QueuedCall } from './call.js';
import type { Tokens } from './tokens.js';
import type { PackedPairs } from './types.js';
import type { Work } from './work.js';

/**
 * - `waiting`: in its flow's line
 * - `redo`: its batch failed; to be run again apart from other calls
 * - `running`: its token sequence is on the device
 * - `settled`: scored, or its call is over
 */
export type PairState = 'waiting' | 'redo' | 'running' | 'settled';

/** One pair of one call. Its tokens stay in the slice they came in until a batch is built. */
export class Pair implements Tokens {
  readonly call: QueuedCall;
  /** Input index in its call. */
  readonly index: number;
  readonly slice: PackedPairs;
  readonly start: number;
  readonly length: number;
  work!: Work;
  state: PairState = 'settled';
  /** Dispatches that had this pair in their window and left it. */
  passedOver = 0;
  /** Neighbours in the line of its flow. */
  before: Pair | undefined = undefined;
  after: Pair | undefined = undefined;

  constructor(call: QueuedCall, index: number, slice: PackedPairs, start: number, length: number) {
    this.call = call;
    this.index = index;
    this.slice = slice;
    this.start = start;
    this.length = length;
  }
}

/** Pairs in as many lists as there are calls among them. */
export function groupByCall(pairs: Pair[]): Iterable<Pair[]> {
  const groups = new Map<QueuedCall, Pair[]>();
  for (const pair of pairs) {
    const group = groups.get(pair.call);
    if (group) group.push(pair);
    else groups.set(pair.call, [pair]);
  }
  return groups.values();
}
