import type { Words } from './words.js';

/** Turns texts into token ids. One per model; any number of texts may be under way. */
export interface TextEncoder {
  readonly path: 'fast' | 'reference';
  createEncoding(): TextEncoding;
  /** An encoding that also tells where words are; none where the tokenizer cannot tell. */
  createLocatedEncoding(): LocatedEncoding | undefined;
}

export type LocatedEncoding = TextEncoding & { readonly words: Words };

/**
 * One text on its way to token ids, in steps that are short whatever the text: `start`, then `append` and
 * `step` until `done`. Reusable for the next text.
 */
export abstract class TextEncoding {
  /** The first tokens; valid up to the lesser of `count` and the `keep` of `start`. */
  ids = new Int32Array(512);
  /** Tokens found so far, kept or not. */
  count = 0;
  /** Units of the text that `append` was given so far. */
  received = 0;
  /** The whole text is read. */
  ended = false;
  /** Tokens beyond which the text need not be read; may be raised to read on. */
  enough = 0;

  protected text = '';
  protected position = 0;
  /** Whether `text` ends where the whole text does. */
  protected complete = false;
  #keep = 0;

  /** Starts a text of which `keep` tokens are wanted and which need not be read beyond `enough`. */
  start(keep: number, enough: number): void {
    this.count = 0;
    this.received = 0;
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
    this.received += part.length;
  }

  get done(): boolean {
    return this.ended || this.count >= this.enough;
  }

  /** Encodes a short stretch. False: it is done, or cannot go on without the next part. */
  abstract step(): boolean;

  /** Forgets the first tokens, all of them kept so far. */
  drop(tokens: number): void {
    this.ids.copyWithin(0, tokens, this.count);
    this.count -= tokens;
  }

  /** Where `text[0]` is in the whole text. */
  protected get base(): number {
    return this.received - this.text.length;
  }

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
