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
 * sharing"). A sharer served ahead of its share takes part until the clock has caught up with it. What the ideal device
 * has done and what was done are the same amount, so what it did for one that leaves unserved goes to the others.
 */
export class VirtualTime {
  #now = 0;
  #weights = 0;
  #waiting = 0;
  /** Those that need nothing more and are still being served by the ideal device. */
  readonly #ahead = new FlowHeap<Sharer>((a, b) => a.service < b.service);

  /** `sharer` has something to be served; what it was served ahead of its share counts. */
  join(sharer: Sharer, weight: number): void {
    let tokensAhead = 0;
    if (sharer.slot >= 0) {
      tokensAhead = (sharer.service - this.#now) * sharer.share;
      this.#letGo(sharer);
    }
    sharer.service = this.#now + tokensAhead / weight;
    sharer.share = weight;
    this.#weights += weight;
    this.#waiting += 1;
  }

  /** The weight of a sharer that has joined changes; it stays as many tokens ahead or behind. */
  reweigh(sharer: Sharer, weight: number): void {
    this.#weights += weight - sharer.share;
    sharer.service = this.#now + ((sharer.service - this.#now) * sharer.share) / weight;
    sharer.share = weight;
  }

  /** `sharer` has nothing left to be served. */
  leave(sharer: Sharer): void {
    this.#waiting -= 1;
    if (sharer.service > this.#now) {
      this.#ahead.add(sharer);
    } else {
      this.#weights -= sharer.share;
      if (this.#waiting > 0) this.#advance((this.#now - sharer.service) * sharer.share);
    }
    if (this.#waiting === 0) this.#rest();
  }

  /** `tokens` of one sharer that has joined are served. */
  serve(sharer: Sharer, tokens: number): void {
    sharer.service += tokens / sharer.share;
    this.#advance(tokens);
  }

  #advance(tokens: number): void {
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

  /** Nobody waits, so the ideal device is done with everyone as well. */
  #rest(): void {
    for (let last = this.#ahead.first; last; last = this.#ahead.first) {
      this.#now = last.service;
      this.#letGo(last);
    }
    this.#weights = 0; // and not what rounding left
  }

  #letGo(sharer: Sharer): void {
    this.#ahead.delete(sharer);
    this.#weights -= sharer.share;
  }
}
