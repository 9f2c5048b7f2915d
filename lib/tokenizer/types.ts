import type { PackedPairs } from '../batching/types.js';

/** Paths of a model's tokenizer files. */
export interface TokenizerFiles {
  tokenizerJson: string;
  tokenizerConfig?: string;
}

/** The pairs of one call. Each text is asked for once, in order, and only when it is needed. */
export interface PairSource {
  readonly count: number;
  query(index: number): string;
  document(index: number): string;
}

export interface EncodingOptions {
  /** Most tokens of a pair, special tokens included. */
  maxLength: number;
  /** What gives way when a pair is longer than `maxLength`. */
  truncation: 'longest-first' | 'document-only' | 'error';
  /** The model's number of token types; with 1 all token types are 0. */
  typeVocabSize: number;
  signal?: AbortSignal;
}

/** Consecutive encoded pairs of one call. */
export interface EncodedSlice extends PackedPairs {
  /** Input index of the slice's first pair. */
  readonly first: number;
  /** One entry per pair: 1 if it lost tokens. */
  readonly truncated: Uint8Array;
}
