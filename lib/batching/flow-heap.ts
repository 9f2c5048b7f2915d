/** What a heap needs of its elements. */
export interface Slotted {
  /** Place in the heap that holds it, -1 in none: an element is in one heap at a time. */
  slot: number;
}

/** A binary heap that can move and remove any of its elements. Each operation costs O(log n). */
export class FlowHeap<T extends Slotted> {
  readonly #items: T[] = [];
  readonly #precedes: (a: T, b: T) => boolean;

  constructor(precedes: (a: T, b: T) => boolean) {
    this.#precedes = precedes;
  }

  /** The element that no other precedes. */
  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    item.slot = this.#items.length;
    this.#items.push(item);
    this.#up(item);
  }

  delete(item: T): void {
    const last = this.#items.pop()!;
    if (last !== item) {
      last.slot = item.slot;
      this.#items[last.slot] = last;
      this.moved(last);
    }
    item.slot = -1;
  }

  /** Puts an element whose rank has changed where it belongs. */
  moved(item: T): void {
    this.#up(item);
    this.#down(item);
  }

  #up(item: T): void {
    while (item.slot > 0) {
      const parent = this.#items[(item.slot - 1) >> 1]!;
      if (!this.#precedes(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #down(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.slot + 1];
      const right = this.#items[2 * item.slot + 2];
      const child = left && right && this.#precedes(right, left) ? right : left;
      if (!child || !this.#precedes(child, item)) return;
      this.#swap(child, item);
    }
  }

  #swap(a: T, b: T): void {
    [a.slot, b.slot] = [b.slot, a.slot];
    this.#items[a.slot] = a;
    this.#items[b.slot] = b;
  }
}
