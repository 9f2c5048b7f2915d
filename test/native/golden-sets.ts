import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PackedBatch } from '../../lib/batching/types.js';
import { root } from './open-addon.js';

export interface GoldenPair {
  inputIds: number[];
  /** Token types are 0 before this index, 1 from it on. */
  documentStart: number;
  logits: number[];
  short?: boolean;
}

const read = (name: string) => JSON.parse(readFileSync(path.join(root, 'test', 'goldens', name), 'utf8'));

/** Reference logits of the starter model; the first 40 are a varied sample. */
export const starterPairs: GoldenPair[] = read('starter.json').pairs;

/** Reference logits of a generated model. */
export function tinyPairs(name: string): GoldenPair[] {
  const { sequences, models } = read('tiny.json');
  return sequences.map((sequence: GoldenPair, i: number) => ({ ...sequence, logits: models[name].logits[i] }));
}

export function packed(pairs: readonly GoldenPair[], typeVocabSize = 2): PackedBatch {
  const offsets = [0];
  for (const pair of pairs) offsets.push(offsets.at(-1)! + pair.inputIds.length);
  return {
    inputIds: Int32Array.from(pairs.flatMap((pair) => pair.inputIds)),
    tokenTypeIds: Uint8Array.from(
      pairs.flatMap((pair) => pair.inputIds.map((_, t) => (typeVocabSize > 1 && t >= pair.documentStart ? 1 : 0))),
    ),
    offsets: Int32Array.from(offsets),
  };
}

/** Largest absolute difference over all labels of all pairs; NaN if any logit is not a number. */
export function worstError(pairs: readonly GoldenPair[], logits: Float32Array): number {
  const expected = pairs.flatMap((pair) => pair.logits);
  if (expected.length !== logits.length) throw new Error(`expected ${expected.length} logits, got ${logits.length}`);
  return expected.reduce((worst, value, i) => {
    const error = Math.abs(value - logits[i]!);
    return error <= worst ? worst : error;
  }, 0);
}

/** Kendall's tau-a of the first label: how well the order of all pairs is kept, 1 at best. */
export function kendallTau(pairs: readonly GoldenPair[], logits: Float32Array): number {
  let balance = 0;
  for (let i = 0; i < pairs.length; i++) {
    for (let j = 0; j < i; j++) {
      balance += Math.sign((pairs[i]!.logits[0]! - pairs[j]!.logits[0]!) * (logits[i]! - logits[j]!));
    }
  }
  return balance / ((pairs.length * (pairs.length - 1)) / 2);
}
