import type { PackedBatch, PackedPairs } from './types.js';

/** One token sequence, where it lies in the slice it came in. */
export interface Tokens {
  readonly slice: PackedPairs;
  readonly start: number;
  readonly length: number;
}

/** A 30-bit hash of the ids, so that it stays a small integer in V8. Equal hashes still need {@link sameTokens}. */
export function hashTokens({ slice, start, length }: Tokens): number {
  const ids = slice.inputIds;
  let hash = length;
  for (let i = start; i < start + length; i += 1) {
    hash = Math.imul(hash ^ ids[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash & 0x3fffffff;
}

export function sameTokens(a: Tokens, b: Tokens): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) {
    if (a.slice.inputIds[a.start + i] !== b.slice.inputIds[b.start + i]) return false;
    if (a.slice.tokenTypeIds[a.start + i] !== b.slice.tokenTypeIds[b.start + i]) return false;
  }
  return true;
}

/** Copies the sequences, in this order, into one batch. */
export function packTokens(sequences: readonly Tokens[]): PackedBatch {
  const offsets = new Int32Array(sequences.length + 1);
  for (const [i, { length }] of sequences.entries()) offsets[i + 1] = offsets[i]! + length;
  const total = offsets[sequences.length]!;
  const inputIds = new Int32Array(total);
  const tokenTypeIds = new Uint8Array(total);
  for (const [i, { slice, start, length }] of sequences.entries()) {
    inputIds.set(slice.inputIds.subarray(start, start + length), offsets[i]!);
    tokenTypeIds.set(slice.tokenTypeIds.subarray(start, start + length), offsets[i]!);
  }
  return { inputIds, tokenTypeIds, offsets };
}
