interface Ranked {
  index: number;
  logit: number;
}

/** Keeps the best of any number of results: best first, ties by lower index, as `rank` orders them. */
export class TopResults<T extends Ranked> {
  readonly #most: number;
  #kept: T[] = [];
  #worst: T | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  add(result: T): void {
    if (this.#worst && order(result, this.#worst) > 0) return;
    this.#kept.push(result);
    if (this.#kept.length >= 2 * this.#most + 1000) this.#cut();
  }

  sorted(): T[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept.sort(order);
    if (this.#kept.length < this.#most) return;
    this.#kept.length = this.#most;
    this.#worst = this.#kept.at(-1);
  }
}

const order = (a: Ranked, b: Ranked): number => b.logit - a.logit || a.index - b.index;
