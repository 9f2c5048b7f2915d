/** Device time, in ms, after which an observation counts half. */
const HALF_LIFE_MS = 500;

/** A batch slower than this many times its expectation (a suspended machine, a debugger) counts as this slow. */
const MAX_SLOWDOWN = 8;

/** The rate the device was seen to reach, and from it how many tokens make a batch of `targetBatchMs`. */
export class Throughput {
  readonly #targetMs: number;
  #limit: number;
  #tokens: number;
  #ms: number;

  constructor(initialTokens: number, targetMs: number, maxTokens: number) {
    this.#targetMs = targetMs;
    this.#limit = maxTokens;
    this.#tokens = initialTokens;
    this.#ms = targetMs;
  }

  get tokensPerMs(): number {
    return this.#tokens / this.#ms;
  }

  /** Token budget of the next batch. */
  get batchTokens(): number {
    return Math.max(1, Math.min(this.#limit, Math.floor(this.tokensPerMs * this.#targetMs)));
  }

  /** A batch of `tokens` kept the device busy for `ms`. Sums decay together, so a batch weighs what it took. */
  observe(tokens: number, ms: number): void {
    const expected = tokens / this.tokensPerMs;
    const counted = Math.min(Math.max(ms, 1e-3), MAX_SLOWDOWN * expected);
    const keep = 0.5 ** (counted / HALF_LIFE_MS);
    this.#tokens = this.#tokens * keep + tokens;
    this.#ms = this.#ms * keep + counted;
  }

  /** A batch of `tokens` did not fit into memory: none as large again. */
  shrink(tokens: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, Math.floor(tokens / 2)));
  }
}
