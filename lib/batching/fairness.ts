import type { Pair } from './pair.js';

/**
 * Tokens that every flow in line gets before one that joins later is served. Flows that join start one quantum after
 * the virtual time; without it a stream of new short calls could keep an old one waiting for ever.
 */
const QUANTUM = 128;

/** Calls that share the device as one: a line of waiting pairs and the service it has had. */
export class Flow {
  readonly key: unknown;
  weight = 1;
  /** Open calls that feed this flow. */
  calls = 0;
  head: Pair | undefined = undefined;
  tail: Pair | undefined = undefined;
  /** Tokens dispatched divided by weight, counted from the queue's virtual time. */
  service = 0;
  /** `service` as it would be with the pairs drawn so far: the key in the heap. */
  drawn = 0;
  /** Next pair to be drawn. */
  cursor: Pair | undefined = undefined;
  touched = false;
  /** When it joined or was last charged: of two flows with equal service the one with the earlier turn comes first. */
  turn = 0;
  /** Place in the heap, -1 when no pair waits. */
  slot = -1;

  constructor(key: unknown) {
    this.key = key;
  }
}

export interface Window {
  /** Pairs that may go next, in fair order. Empty only if none but riders wait. */
  readonly pairs: Pair[];
  /** Pairs met on the way whose token sequence is on the device already. */
  readonly riders: Pair[];
}

/**
 * The waiting pairs of all flows, to be drawn in fair order: deficit round robin on tokens, kept as a heap of flows by
 * service (tokens dispatched over weight) so that a window wider than a batch can be drawn and only what is dispatched
 * is charged. A flow that was idle has no credit for it. Cost per pair: O(log flows), whatever the lengths of the lines.
 */
export class FairLines {
  readonly #heap: Flow[] = [];
  #virtualTime = 0;
  #turns = 0;

  append(flow: Flow, pair: Pair): void {
    pair.before = flow.tail;
    if (flow.tail) flow.tail.after = pair;
    else flow.head = pair;
    flow.tail = pair;
    this.#activate(flow);
  }

  prepend(flow: Flow, pair: Pair): void {
    pair.after = flow.head;
    if (flow.head) flow.head.before = pair;
    else flow.tail = pair;
    flow.head = pair;
    this.#activate(flow);
  }

  remove(flow: Flow, pair: Pair): void {
    if (pair.before) pair.before.after = pair.after;
    else flow.head = pair.after;
    if (pair.after) pair.after.before = pair.before;
    else flow.tail = pair.before;
    pair.before = undefined;
    pair.after = undefined;
    if (!flow.head) this.#deactivate(flow);
  }

  /** Draws pairs, at least one, until the next would exceed a limit. Nothing leaves its line. */
  draw(maxTokens: number, maxPairs: number): Window {
    const pairs: Pair[] = [];
    const riders: Pair[] = [];
    const touched: Flow[] = [];
    let tokens = 0;
    for (;;) {
      const flow = this.#heap[0];
      if (!flow || flow.drawn === Infinity) break;
      if (!flow.touched) {
        flow.touched = true;
        flow.cursor = flow.head;
        touched.push(flow);
      }
      const pair = flow.cursor!;
      if (pair.work.runner) {
        riders.push(pair);
      } else {
        if (pairs.length > 0 && (pairs.length >= maxPairs || tokens + pair.length > maxTokens)) break;
        pairs.push(pair);
        tokens += pair.length;
        flow.drawn += pair.length / flow.weight;
      }
      flow.cursor = pair.after;
      if (!flow.cursor) flow.drawn = Infinity;
      this.#down(flow);
    }
    for (const flow of touched) {
      flow.touched = false;
      flow.cursor = undefined;
      flow.drawn = flow.service;
      this.#up(flow);
    }
    return { pairs, riders };
  }

  /** `pair` of `flow` is dispatched. Call before it leaves its line. */
  charge(flow: Flow, pair: Pair): void {
    this.#virtualTime = Math.max(this.#virtualTime, this.#heap[0]!.service);
    flow.service += pair.length / flow.weight;
    flow.drawn = flow.service;
    flow.turn = this.#turns += 1;
    this.#down(flow);
  }

  #activate(flow: Flow): void {
    if (flow.slot >= 0) return;
    flow.service = Math.max(flow.service, this.#virtualTime + QUANTUM);
    flow.drawn = flow.service;
    flow.turn = this.#turns += 1;
    flow.slot = this.#heap.length;
    this.#heap.push(flow);
    this.#up(flow);
  }

  #deactivate(flow: Flow): void {
    const last = this.#heap.pop()!;
    if (last !== flow) {
      last.slot = flow.slot;
      this.#heap[last.slot] = last;
      this.#up(last);
      this.#down(last);
    }
    flow.slot = -1;
  }

  #up(flow: Flow): void {
    while (flow.slot > 0) {
      const parent = this.#heap[(flow.slot - 1) >> 1]!;
      if (!precedes(flow, parent)) return;
      this.#swap(flow, parent);
    }
  }

  #down(flow: Flow): void {
    for (;;) {
      const left = this.#heap[2 * flow.slot + 1];
      const right = this.#heap[2 * flow.slot + 2];
      const child = left && right && precedes(right, left) ? right : left;
      if (!child || !precedes(child, flow)) return;
      this.#swap(child, flow);
    }
  }

  #swap(a: Flow, b: Flow): void {
    [a.slot, b.slot] = [b.slot, a.slot];
    this.#heap[a.slot] = a;
    this.#heap[b.slot] = b;
  }
}

function precedes(a: Flow, b: Flow): boolean {
  return a.drawn < b.drawn || (a.drawn === b.drawn && a.turn < b.turn);
}
