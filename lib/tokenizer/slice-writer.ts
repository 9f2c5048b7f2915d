import type { PairTemplate } from './pair-template.js';
import type { EncodedSlice } from './types.js';

/** Splices token ids of queries and documents into pairs and packs the pairs back to back. */
export class SliceWriter {
  #ids = new Int32Array(8192);
  #types = new Uint8Array(8192);
  #tokens = 0;
  #lengths: number[] = [];
  #truncated: number[] = [];
  readonly #template: PairTemplate;
  readonly #documentType: number;

  constructor(template: PairTemplate, typeVocabSize: number) {
    this.#template = template;
    this.#documentType = typeVocabSize > 1 ? template.documentType : 0;
  }

  add(query: Int32Array, document: Int32Array, truncated: boolean): void {
    const { before, between, after } = this.#template;
    const start = this.#tokens;
    this.#append(before, 0);
    this.#append(query, 0);
    this.#append(between, 0);
    this.#append(document, this.#documentType);
    this.#append(after, this.#documentType);
    this.#lengths.push(this.#tokens - start);
    this.#truncated.push(truncated ? 1 : 0);
  }

  /** The pairs added since the last call, in arrays that share one buffer of their own. */
  take(first: number): EncodedSlice {
    const tokens = this.#tokens;
    const pairs = this.#lengths.length;
    const buffer = new ArrayBuffer(5 * tokens + 5 * pairs);
    const inputIds = new Int32Array(buffer, 0, tokens);
    const lengths = new Int32Array(buffer, 4 * tokens, pairs);
    const tokenTypeIds = new Uint8Array(buffer, 4 * (tokens + pairs), tokens);
    const truncated = new Uint8Array(buffer, 5 * tokens + 4 * pairs, pairs);
    inputIds.set(this.#ids.subarray(0, tokens));
    lengths.set(this.#lengths);
    tokenTypeIds.set(this.#types.subarray(0, tokens));
    truncated.set(this.#truncated);
    this.#tokens = 0;
    this.#lengths = [];
    this.#truncated = [];
    return { first, inputIds, tokenTypeIds, lengths, truncated };
  }

  #append(ids: ArrayLike<number>, type: number): void {
    const end = this.#tokens + ids.length;
    if (end > this.#ids.length) this.#grow(end);
    this.#ids.set(ids, this.#tokens);
    this.#types.fill(type, this.#tokens, end);
    this.#tokens = end;
  }

  #grow(needed: number): void {
    const [ids, types] = [this.#ids, this.#types];
    this.#ids = new Int32Array(2 * needed);
    this.#types = new Uint8Array(2 * needed);
    this.#ids.set(ids);
    this.#types.set(types);
  }
}
