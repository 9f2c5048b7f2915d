import { FlowHeap, type Slotted } from './flow-heap.js';

/** A party to the sharing. Virtual times are tokens over weight. */
export interface Sharer extends Slotted {
  /** Virtual time up to which it has been served. */
  service: number;
  /** Its weight while it takes part. */
  share: number;
}

/**
 * The clock of an ideal device that serves everyone at once, each in proportion to weight: while tokens are served in
 * whatever order, it advances by tokens over the sum of weights (Parekh and Gallager, 1993, "generalized processor
 * sharing"). A sharer served ahead of its share takes part until the clock has caught up with it.
 */
export class VirtualTime {
  #now = 0;
  #weights = 0;
  /** Those that need nothing more and are still being served by the ideal device. */
  readonly #ahead = new FlowHeap<Sharer>((a, b) => a.service < b.service);

  /** `sharer` has something to be served: from now on, or from where its last service ends if that is later. */
  join(sharer: Sharer, weight: number): void {
    if (sharer.slot >= 0) this.#letGo(sharer);
    sharer.service = Math.max(sharer.service, this.#now);
    sharer.share = weight;
    this.#weights += weight;
  }

  /** `sharer` has nothing left to be served. */
  leave(sharer: Sharer): void {
    if (sharer.service > this.#now) this.#ahead.add(sharer);
    else this.#weights -= sharer.share;
  }

  /** `tokens` of one sharer that has joined are served. */
  serve(sharer: Sharer, tokens: number): void {
    sharer.service += tokens / sharer.share;
    let left = tokens;
    for (let next = this.#ahead.first; next; next = this.#ahead.first) {
      const needed = (next.service - this.#now) * this.#weights;
      if (needed > left) break;
      left -= needed;
      this.#now = next.service;
      this.#letGo(next);
    }
    this.#now += left / this.#weights;
  }

  #letGo(sharer: Sharer): void {
    this.#ahead.delete(sharer);
    this.#weights -= sharer.share;
  }
}
