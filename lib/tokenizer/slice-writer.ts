import type { PairTemplate } from './pair-template.js';
import type { Chunks, EncodedSlice } from './types.js';

/** One chunk of a document: where it is, which of its document's chunks, and whether it is the last of them. */
export interface Chunk {
  part: number;
  start: number;
  end: number;
  last: boolean;
}

/** Splices token ids of queries and documents into pairs and packs the pairs back to back. */
export class SliceWriter {
  #ids = new Int32Array(8192);
  #types = new Uint8Array(8192);
  #tokens = 0;
  #lengths: number[] = [];
  #truncated: number[] = [];
  #pairs: number[] = [];
  #chunks: Chunk[] = [];
  readonly #template: PairTemplate;
  readonly #documentType: number;

  constructor(template: PairTemplate, typeVocabSize: number) {
    this.#template = template;
    this.#documentType = typeVocabSize > 1 ? template.documentType : 0;
  }

  /** Sequences since the last `take`. */
  get count(): number {
    return this.#lengths.length;
  }

  /** Adds what is to be scored of the pair at an input index; `chunk` in a call that has its documents cut into them. */
  add(index: number, query: Int32Array, document: Int32Array, truncated: boolean, chunk?: Chunk): void {
    const { before, between, after } = this.#template;
    const start = this.#tokens;
    this.#append(before, 0);
    this.#append(query, 0);
    this.#append(between, 0);
    this.#append(document, this.#documentType);
    this.#append(after, this.#documentType);
    this.#lengths.push(this.#tokens - start);
    this.#truncated.push(truncated ? 1 : 0);
    this.#pairs.push(index);
    if (chunk) this.#chunks.push(chunk);
  }

  /** The sequences added since the last call, in arrays that share one buffer of their own. */
  take(): EncodedSlice {
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
    const slice = { first: this.#pairs[0]!, inputIds, tokenTypeIds, lengths, truncated };
    const chunks = this.#takeChunks();
    this.#tokens = 0;
    this.#lengths = [];
    this.#truncated = [];
    this.#pairs = [];
    return chunks ? { ...slice, chunks } : slice;
  }

  #takeChunks(): Chunks | undefined {
    const chunks = this.#chunks;
    if (chunks.length === 0) return undefined;
    this.#chunks = [];
    return {
      pairs: Int32Array.from(this.#pairs),
      parts: Int32Array.from(chunks, ({ part }) => part),
      starts: Int32Array.from(chunks, ({ start }) => start),
      ends: Int32Array.from(chunks, ({ end }) => end),
      last: Uint8Array.from(chunks, ({ last }) => Number(last)),
    };
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
