import { setImmediate } from 'node:timers/promises';
import { TimeSlice } from './time-slice.js';

/** Reads an iterable ahead of whoever takes from it, a bounded number of items. */
export class ReadAhead<T> {
  readonly #most: number;
  readonly #ended: Promise<void>;
  #items: T[] = [];
  #reading = true;
  #closed = false;
  #wake = () => {};

  constructor(iterable: Iterable<T> | AsyncIterable<T>, most: number) {
    this.#most = most;
    this.#ended = this.#read(iterable).finally(() => {
      this.#reading = false;
      this.#wake();
    });
    this.#ended.catch(() => {}); // take() reports it
  }

  /** All that has come, waiting until something has; nothing at the end or once closed. Rejects as the iterable does. */
  async take(): Promise<T[]> {
    if (this.#items.length === 0 && this.#reading) await this.#change();
    if (this.#reading) await setImmediate(); // sources that answer at once fill a list meanwhile
    const items = this.#items;
    this.#items = [];
    this.#wake();
    if (items.length === 0 && !this.#closed) await this.#ended;
    return items;
  }

  /** Stops reading. Waits for the iterable to clean up, unless it is still busy with its next item. */
  async close(): Promise<void> {
    const pulling = this.#reading && this.#items.length < this.#most;
    this.#closed = true;
    this.#wake();
    if (!pulling) await this.#ended;
  }

  async #read(iterable: Iterable<T> | AsyncIterable<T>): Promise<void> {
    const slice = new TimeSlice();
    for await (const item of iterable) {
      if (this.#closed) return;
      this.#items.push(item);
      this.#wake();
      while (this.#items.length >= this.#most && !this.#closed) await this.#change();
      if (slice.spent) await slice.renew();
      if (this.#closed) return;
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
