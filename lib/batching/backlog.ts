import { FairLines, type Window } from './fairness.js';
import type { Pair, PairState } from './pair.js';
import { WorkIndex } from './work.js';

/** Every unsettled pair of every call, and where it stands. All counts follow from {@link move}. */
export class Backlog {
  readonly #works = new WorkIndex();
  readonly #lines = new FairLines();
  /** Pairs of failed batches; each list holds one call's. */
  readonly #redo: Pair[][] = [];
  #queuedPairs = 0;
  #queuedTokens = 0;

  get queuedPairs(): number {
    return this.#queuedPairs;
  }

  get queuedTokens(): number {
    return this.#queuedTokens;
  }

  /** A new pair joins its flow's line; `hash` is that of its tokens. */
  add(pair: Pair, hash: number): void {
    this.#works.join(pair, hash);
    pair.call.pairs.add(pair);
    this.#move(pair, 'waiting');
  }

  /** The pair needs no scoring any more. */
  settle(pair: Pair): void {
    this.#move(pair, 'settled');
  }

  /** Up to so many tokens and pairs (at least one pair) in fair order. They stay in line until they start. */
  window(maxTokens: number, maxPairs: number, stretchedTokens: number): Pair[] {
    const { pairs, riders }: Window = this.#lines.draw(maxTokens, maxPairs, stretchedTokens);
    for (const rider of riders) this.#move(rider, 'running');
    return pairs;
  }

  /** The next pairs to be run again. */
  nextRedo(): Pair[] | undefined {
    for (let pairs = this.#redo.shift(); pairs; pairs = this.#redo.shift()) {
      const left = pairs.filter((pair) => pair.state === 'redo');
      if (left.length > 0) return left;
    }
    return undefined;
  }

  /** Moves pairs to the device. Of equal ones the first runs, and is returned; the others ride along. */
  start(pairs: readonly Pair[]): Pair[] {
    return pairs.filter((pair) => {
      const runs = pair.work.runner === undefined;
      if (runs) pair.work.runner = pair;
      if (runs && pair.state === 'waiting') this.#lines.charge(pair.call.flow, pair);
      this.#move(pair, 'running');
      return runs;
    });
  }

  /** The runner's tokens are scored: settles every pair that has them, and returns those. */
  complete(runner: Pair): Pair[] {
    const { work } = runner;
    const scored = work.members();
    work.runner = undefined;
    this.#works.delete(work);
    for (const pair of scored) this.#move(pair, 'settled');
    return scored;
  }

  /** The runner has no logits to share: pairs that rode along go back to the front of their lines. */
  release(runner: Pair): void {
    const { work } = runner;
    work.runner = undefined;
    if (work.live === 0) this.#works.delete(work);
    for (const pair of work.members()) {
      if (pair !== runner && pair.state === 'running') this.#move(pair, 'waiting', true);
    }
  }

  /** These pairs of one call are to be run again, before any that wait and apart from other calls. */
  runAgain(pairs: Pair[]): void {
    for (const pair of pairs) this.#move(pair, 'redo');
    this.#redo.push(pairs);
  }

  #move(pair: Pair, state: PairState, front = false): void {
    const { call, length, state: from } = pair;
    const queued = Number(isQueued(state)) - Number(isQueued(from));
    const running = Number(state === 'running') - Number(from === 'running');
    if (from === 'waiting') this.#lines.remove(call.flow, pair);
    pair.state = state;
    if (state === 'settled') {
      call.pairs.delete(pair);
      this.#works.leave(pair);
    } else if (state === 'waiting') {
      if (front) this.#lines.prepend(call.flow, pair);
      else this.#lines.append(call.flow, pair);
    }
    this.#queuedPairs += queued;
    this.#queuedTokens += queued * length;
    call.count(queued, queued * length, running);
  }
}

function isQueued(state: PairState): boolean {
  return state === 'waiting' || state === 'redo';
}
