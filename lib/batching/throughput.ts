/** Device time, in ms, after which an observation counts half. */
const HALF_LIFE_MS = 500;

/** A batch slower than this many times its expectation (a suspended machine, a debugger) counts as this slow. */
const MAX_SLOWDOWN = 8;

/** Times as large as others a batch may be that ends a call. */
const MAX_STRETCH = 1.5;

interface BatchSize {
  initialTokens: number;
  targetMs: number;
  maxTokens: number;
  /** Pairs the device works on at the same time. */
  parallelPairs: number;
}

/**
 * The rate the device was seen to reach, and from it how many tokens make a batch of `targetBatchMs`. A batch has at least
 * a pair for every part of the device: were it less, idle parts would lower the rate, and that the next batch.
 */
export class Throughput {
  readonly #targetMs: number;
  readonly #parallelPairs: number;
  #limit: number;
  #tokens: number;
  #ms: number;
  #pairs: number;

  constructor({ initialTokens, targetMs, maxTokens, parallelPairs }: BatchSize) {
    this.#targetMs = targetMs;
    this.#parallelPairs = parallelPairs;
    this.#limit = maxTokens;
    this.#tokens = initialTokens;
    this.#ms = targetMs;
    this.#pairs = parallelPairs;
  }

  get tokensPerMs(): number {
    return this.#tokens / this.#ms;
  }

  /** Token budget of the next batch. */
  get batchTokens(): number {
    return this.#atMost(this.#wanted);
  }

  /** The budget of one that ends a call with it, which otherwise had to wait for a second batch. */
  get stretchedTokens(): number {
    return this.#atMost(MAX_STRETCH * this.#wanted);
  }

  get #wanted(): number {
    const least = Math.ceil((this.#parallelPairs * this.#tokens) / this.#pairs);
    return Math.max(least, this.tokensPerMs * this.#targetMs);
  }

  #atMost(tokens: number): number {
    return Math.max(1, Math.min(this.#limit, Math.floor(tokens)));
  }

  /** A batch kept the device busy for `ms`. Sums decay together, so a batch weighs what it took. */
  observe(pairs: number, tokens: number, ms: number): void {
    const expected = tokens / this.tokensPerMs;
    const counted = Math.min(Math.max(ms, 1e-3), MAX_SLOWDOWN * expected);
    const keep = 0.5 ** (counted / HALF_LIFE_MS);
    this.#pairs = this.#pairs * keep + pairs;
    this.#tokens = this.#tokens * keep + tokens;
    this.#ms = this.#ms * keep + counted;
  }

  /** A batch of `tokens` did not fit into memory: none as large again. */
  shrink(tokens: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, Math.floor(tokens / 2)));
  }
}
