import type { PackedPairs } from '../batching/types.js';

/** Paths of a model's tokenizer files. */
export interface TokenizerFiles {
  tokenizerJson: string;
  tokenizerConfig?: string;
}

/** The pairs of one call. Each text is asked for once, in order, and only when it is needed. */
export interface PairSource {
  readonly count: number;
  /** Input index of the first pair, where these are not the first of their call; 0 by default. */
  readonly first?: number;
  /** `index` counts from 0 within this source. */
  query(index: number): string;
  document(index: number): string;
}

/** How long documents are cut into chunks, in tokens. */
export interface Chunking {
  /** Most tokens of a chunk; fewer where the query leaves less. */
  tokens: number;
  /** Most tokens that a chunk repeats of the one before it; at most half of a chunk. */
  overlap: number;
}

export interface EncodingOptions {
  /** Most tokens of a pair, special tokens included. */
  maxLength: number;
  /** What gives way when a pair is longer than `maxLength`. */
  truncation: 'longest-first' | 'document-only' | 'error';
  /** The model's number of token types; with 1 all token types are 0. */
  typeVocabSize: number;
  /** Cuts documents that do not fit into chunks, each a sequence of its own. By default they are truncated. */
  chunking?: Chunking;
  signal?: AbortSignal;
}

/** Which part of which document each sequence of a slice is; one entry a sequence, in input order. */
export interface Chunks {
  /** Input index of the pair. */
  readonly pairs: Int32Array;
  /** 0 for the first chunk of a document, 1 for the second and so on. */
  readonly parts: Int32Array;
  /** Where the chunk's words begin and end in the document, in UTF-16 code units: `document.slice(start, end)`. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** 1 for the last chunk of a document. */
  readonly last: Uint8Array;
}

/** Consecutive encoded pairs of one call. */
export interface EncodedSlice extends PackedPairs {
  /** Input index of the slice's first pair. */
  readonly first: number;
  /** One entry per sequence: 1 if its pair lost tokens. */
  readonly truncated: Uint8Array;
  /** With `chunking` alone: a document may then have several sequences, in more than one slice. */
  readonly chunks?: Chunks;
}
