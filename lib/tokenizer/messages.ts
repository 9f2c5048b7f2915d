import type { ErrorCode } from '../errors.js';
import type { EncodedSlice, EncodingOptions, TokenizerFiles } from './types.js';

/** A text as it is first sent: whole, or the head of a text that is too long for that. */
export type SentText = string | { head: string };

/** One slice of work. A query of `null` is the query before it. */
export interface PairBatch {
  first: number;
  queries: (SentText | null)[];
  documents: SentText[];
}

/**
 * To the worker. `id` is the load or the call a message belongs to, `model` the id of the load that brought
 * it in.
 */
export type Request =
  | { kind: 'load'; id: number; files: TokenizerFiles }
  | { kind: 'unload'; id: number }
  | { kind: 'open'; id: number; model: number; options: Omit<EncodingOptions, 'signal'> }
  | { kind: 'pairs'; id: number; batch: PairBatch }
  | { kind: 'part'; id: number; part: string; last: boolean }
  | { kind: 'continue'; id: number }
  | { kind: 'end'; id: number };

/** What is known of a tokenizer once it is loaded. */
export interface TokenizerFacts {
  /** Highest id + 1, added tokens included. */
  vocabSize: number;
  path: 'fast' | 'reference';
  /** Special tokens that the model's template adds to a pair. */
  specialTokens: number;
  /** SHA-256 of the files. */
  digest: string;
}

/**
 * From the worker. `more` asks for the text of a pair from a position on. After a slice that is not the `last` of its
 * batch, which only long documents in chunks have, the worker waits for `continue`.
 */
export type Reply =
  | { kind: 'loaded'; id: number; facts: TokenizerFacts }
  | { kind: 'slice'; id: number; slice: EncodedSlice; last: boolean }
  | { kind: 'more'; id: number; side: 'query' | 'document'; index: number; from: number }
  | { kind: 'failed'; id: number; code: ErrorCode | undefined; message: string; cause: unknown };
