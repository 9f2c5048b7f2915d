/** How a batch is doing on the device. */
export interface Sent {
  /** Nothing of it waits there any more. */
  underWay(): void;
  /** It is done; returns for how many ms the device was at work on it. */
  end(now: number): number;
}

/**
 * The batches on the device. What is sent there cannot be overtaken by a call that comes later, so little more is sent than
 * keeps the device busy.
 */
export class InFlight {
  readonly #maxBatches: number;
  readonly #maxWaitingMs: number;
  #count = 0;
  #waitingTokens = 0;
  #lastEnd = 0;

  /** At most `maxBatches`, and no further one while more than `maxWaitingMs` of work wait on the device to be taken up. */
  constructor(maxBatches: number, maxWaitingMs: number) {
    this.#maxBatches = maxBatches;
    this.#maxWaitingMs = maxWaitingMs;
  }

  get count(): number {
    return this.#count;
  }

  hasRoom(tokensPerMs: number): boolean {
    return this.#count < this.#maxBatches && this.#waitingTokens <= this.#maxWaitingMs * tokensPerMs;
  }

  send(tokens: number, now: number): Sent {
    let waiting = tokens;
    this.#count += 1;
    this.#waitingTokens += tokens;
    const underWay = () => {
      this.#waitingTokens -= waiting;
      waiting = 0;
    };
    const end = (endedAt: number) => {
      underWay();
      this.#count -= 1;
      // Batches in flight together run one after the other: this one had the device since the last one left it.
      const since = Math.max(now, this.#lastEnd);
      this.#lastEnd = endedAt;
      return endedAt - since;
    };
    return { underWay, end };
  }
}
