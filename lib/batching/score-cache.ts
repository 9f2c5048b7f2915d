import { LRUCache } from 'lru-cache';
import { packTokens, sameTokens, type Tokens } from './tokens.js';

interface Entry extends Tokens {
  readonly logits: Float32Array;
}

/** Logits of pairs seen before, by exact token ids and types. Model, dtype and device are fixed for one queue. */
export class ScoreCache {
  readonly #entries: LRUCache<number, Entry>;

  constructor(size: number) {
    this.#entries = new LRUCache({ max: size });
  }

  /** `hash` is that of `tokens`. */
  get(hash: number, tokens: Tokens): Float32Array | undefined {
    const entry = this.#entries.get(hash);
    return entry && sameTokens(entry, tokens) ? entry.logits : undefined;
  }

  /** Keeps copies. Of two sequences with one hash the later stays. */
  set(hash: number, tokens: Tokens, logits: Float32Array): void {
    const { inputIds, tokenTypeIds } = packTokens([tokens]);
    const slice = { inputIds, tokenTypeIds, lengths: Int32Array.of(tokens.length) };
    this.#entries.set(hash, { slice, start: 0, length: tokens.length, logits: logits.slice() });
  }
}
