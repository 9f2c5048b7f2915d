/** The longest that one job keeps the thread while others, or messages, wait. */
const turnMs = 2;

/** Shares a thread between jobs: each runs until it has no more to do, yields, or its turn is over. */
export class RoundRobin<T> {
  readonly #ready = new Set<T>();
  readonly #run: (job: T, until: number) => boolean;
  #scheduled = false;

  /** `run` works on a job until a time of `performance.now()` at most, and says whether it has more to do. */
  constructor(run: (job: T, until: number) => boolean) {
    this.#run = run;
  }

  /** Puts a job in line, if it is not. */
  wake(job: T): void {
    this.#ready.add(job);
    this.#schedule();
  }

  remove(job: T): void {
    this.#ready.delete(job);
  }

  #schedule(): void {
    if (this.#scheduled || this.#ready.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const until = performance.now() + turnMs;
    // A set keeps the order of insertion, so what is added again comes last.
    for (const job of this.#ready) {
      this.#ready.delete(job);
      if (this.#run(job, until)) this.#ready.add(job);
      if (performance.now() >= until) break;
    }
    this.#schedule();
  }
}
