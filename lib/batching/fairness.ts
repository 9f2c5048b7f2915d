import { FlowHeap } from './flow-heap.js';
import type { Pair } from './pair.js';
import { VirtualTime, type Sharer } from './virtual-time.js';

/** Most tokens that are served of a flow in one go: a dozen passages. */
const HORIZON = 1024;

/** Calls that share the device as one: a line of waiting pairs and the service it has had. */
export class Flow implements Sharer {
  readonly key: unknown;
  weight = 1;
  /** Open calls that feed this flow. */
  calls = 0;
  head: Pair | undefined = undefined;
  tail: Pair | undefined = undefined;
  waitingTokens = 0;
  service = 0;
  share = 1;
  /** Virtual time at which a fair share would have served what waits, at most {@link HORIZON}: the earliest is next. */
  due = 0;
  /** When it joined: of two flows due at the same time the earlier comes first. */
  turn = 0;
  slot = -1;
  /** While a window is drawn: the next pair, and tokens of the pairs before it that were drawn, and that ride along. */
  cursor: Pair | undefined = undefined;
  drawnTokens = 0;
  ridingTokens = 0;

  constructor(key: unknown) {
    this.key = key;
  }

  /** What waits and has not been drawn. */
  get leftTokens(): number {
    return this.waitingTokens - this.drawnTokens - this.ridingTokens;
  }
}

export interface Window {
  /** Pairs that may go next, in fair order. Empty only if none but riders wait. */
  readonly pairs: Pair[];
  /** Pairs met on the way whose token sequence is on the device already. */
  readonly riders: Pair[];
}

/**
 * The waiting pairs of all flows, to be drawn in fair order: whatever an equal sharing of the device would finish
 * first. So a small call is served in one go and still none ends later than it would if all were served at once
 * (Friedman and Henderson, 2003, "fair sojourn protocol"), give or take a batch; what is further away than the horizon
 * is interleaved, for calls that want results as they come. Cost per pair: O(log flows), whatever the lengths of the
 * lines.
 */
export class FairLines {
  readonly #time = new VirtualTime();
  readonly #flows = new FlowHeap<Flow>((a, b) => a.due < b.due || (a.due === b.due && a.turn < b.turn));
  #turns = 0;

  append(flow: Flow, pair: Pair): void {
    this.#admit(flow);
    pair.before = flow.tail;
    if (flow.tail) flow.tail.after = pair;
    else flow.head = pair;
    flow.tail = pair;
    flow.waitingTokens += pair.length;
    this.#rank(flow);
  }

  prepend(flow: Flow, pair: Pair): void {
    this.#admit(flow);
    pair.after = flow.head;
    if (flow.head) flow.head.before = pair;
    else flow.tail = pair;
    flow.head = pair;
    flow.waitingTokens += pair.length;
    this.#rank(flow);
  }

  remove(flow: Flow, pair: Pair): void {
    if (pair.before) pair.before.after = pair.after;
    else flow.head = pair.after;
    if (pair.after) pair.after.before = pair.before;
    else flow.tail = pair.before;
    pair.before = undefined;
    pair.after = undefined;
    flow.waitingTokens -= pair.length;
    if (flow.head) this.#rank(flow);
    else this.#retire(flow);
  }

  /**
   * Draws pairs, at least one, until the next would exceed a limit. A flow that has begun is drawn to its end if that is
   * within `stretchedTokens`. Nothing leaves its line.
   */
  draw(maxTokens: number, maxPairs: number, stretchedTokens = maxTokens): Window {
    const pairs: Pair[] = [];
    const riders: Pair[] = [];
    const touched = new Set<Flow>();
    let tokens = 0;
    for (let flow = this.#flows.first; flow && flow.due < Infinity; flow = this.#flows.first) {
      if (!touched.has(flow)) {
        touched.add(flow);
        flow.cursor = flow.head;
      }
      const pair = flow.cursor!;
      if (pair.work.runner) {
        riders.push(pair);
        flow.ridingTokens += pair.length;
      } else {
        const ends = flow.drawnTokens > 0 && tokens + flow.leftTokens <= stretchedTokens;
        const fits = pairs.length < maxPairs && (ends || tokens + pair.length <= maxTokens);
        if (pairs.length > 0 && !fits) break;
        pairs.push(pair);
        tokens += pair.length;
        flow.drawnTokens += pair.length;
      }
      flow.cursor = pair.after;
      this.#rank(flow, flow.cursor === undefined);
    }
    for (const flow of touched) {
      flow.cursor = undefined;
      flow.drawnTokens = 0;
      flow.ridingTokens = 0;
      this.#rank(flow);
    }
    return { pairs, riders };
  }

  /** `pair` of `flow` is dispatched. Call before it leaves its line. */
  charge(flow: Flow, pair: Pair): void {
    this.#time.serve(flow, pair.length);
  }

  /** A flow takes part while pairs wait, with the weight of its latest call. */
  #admit(flow: Flow): void {
    if (flow.head) {
      if (flow.share !== flow.weight) this.#time.reweigh(flow, flow.weight);
      return;
    }
    this.#time.join(flow, flow.weight);
    flow.turn = this.#turns += 1;
    this.#flows.add(flow);
  }

  #retire(flow: Flow): void {
    this.#flows.delete(flow);
    this.#time.leave(flow);
  }

  #rank(flow: Flow, exhausted = false): void {
    const { service, share, drawnTokens, leftTokens } = flow;
    flow.due = exhausted ? Infinity : service + (drawnTokens + Math.min(leftTokens, HORIZON)) / share;
    this.#flows.moved(flow);
  }
}
