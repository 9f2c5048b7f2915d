/** Turns texts into token ids. One per model; any number of texts may be under way. */
export interface TextEncoder {
  readonly path: 'fast' | 'reference';
  createEncoding(): TextEncoding;
}

/**
 * One text on its way to token ids, in steps that are short whatever the text: `start`, then `append` and
 * `step` until `done`. Reusable for the next text.
 */
export abstract class TextEncoding {
  /** The first tokens; valid up to the lesser of `count` and the `keep` of `start`. */
  ids = new Int32Array(512);
  /** Tokens found so far, kept or not. */
  count = 0;

  protected text = '';
  protected position = 0;
  /** Whether `text` ends where the whole text does. */
  protected complete = false;
  protected ended = false;
  protected enough = 0;
  #keep = 0;

  /** Starts a text of which `keep` tokens are wanted and which need not be read beyond `enough`. */
  start(keep: number, enough: number): void {
    this.count = 0;
    this.text = '';
    this.position = 0;
    this.complete = false;
    this.ended = false;
    this.enough = enough;
    this.#keep = keep;
  }

  append(part: string, last: boolean): void {
    this.text = this.text.slice(this.position) + part;
    this.position = 0;
    this.complete = last;
  }

  get done(): boolean {
    return this.ended || this.count >= this.enough;
  }

  /** Encodes a short stretch. False: it is done, or cannot go on without the next part. */
  abstract step(): boolean;

  protected emit(id: number): void {
    const at = this.room(1);
    this.ids[at] = id;
    this.count++;
  }

  /** Makes room for some ids and returns where they go. What is not to be kept goes behind what is. */
  protected room(size: number): number {
    const at = Math.min(this.count, this.#keep);
    if (at + size > this.ids.length) {
      const ids = new Int32Array(2 * (at + size));
      ids.set(this.ids);
      this.ids = ids;
    }
    return at;
  }
}
