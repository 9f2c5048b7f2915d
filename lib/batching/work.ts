import type { Pair } from './pair.js';
import { sameTokens } from './tokens.js';

/**
 * One token sequence to be scored, and every unsettled pair that has it. Each pair keeps its own place in line, so
 * none waits longer than it would alone; the first to be dispatched runs for all.
 */
export class Work {
  readonly hash: number;
  readonly pair: Pair;
  /** The pair that was dispatched, while it is on the device. */
  runner: Pair | undefined = undefined;
  /** Unsettled pairs. */
  live = 1;
  #twins: Pair[] | undefined = undefined;

  constructor(pair: Pair, hash: number) {
    this.pair = pair;
    this.hash = hash;
    pair.work = this;
  }

  add(pair: Pair): void {
    pair.work = this;
    this.live += 1;
    (this.#twins ??= []).push(pair);
  }

  /** Unsettled pairs, in order of arrival. */
  members(): Pair[] {
    const all = this.#twins ? [this.pair, ...this.#twins] : [this.pair];
    return all.filter((pair) => pair.state !== 'settled');
  }
}

/** Finds the work a new pair has in common with others. */
export class WorkIndex {
  readonly #works = new Map<number, Work>();

  /** Gives `pair` its work: one that is waiting or running already, or a new one. */
  join(pair: Pair, hash: number): void {
    const known = this.#works.get(hash);
    if (known === undefined) this.#works.set(hash, new Work(pair, hash));
    else if (sameTokens(known.pair, pair)) known.add(pair);
    else void new Work(pair, hash); // another sequence with the same hash: scored on its own
  }

  /** Ends the life of a work: equal pairs that come later are scored anew. */
  delete(work: Work): void {
    if (this.#works.get(work.hash) === work) this.#works.delete(work.hash);
  }

  /** `pair` no longer needs its work. */
  leave(pair: Pair): void {
    const { work } = pair;
    work.live -= 1;
    if (work.live === 0 && work.runner === undefined) this.delete(work);
  }
}
