import { RerankerError } from './errors.js';
import type { ScoredPairs } from './pipeline.js';
import { mapInSlices } from './time-slice.js';
import type { Activation, RankOptions, RankResult } from './types.js';

/** Logistic function in double precision, so that logits of float32 do not run into 0 and 1 early. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** What turns a logit into the `score` a caller sees. */
export function scorer(activation: Activation = 'sigmoid'): (logit: number) => number {
  return activation === 'sigmoid' ? sigmoid : (logit) => logit;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Maps a float32 to an unsigned integer that grows as the float falls. -0 and 0 map to the same. */
function descendingKey(logit: number): number {
  float[0] = logit + 0;
  const word = bits[0]!;
  return word >>> 31 ? word : ~word & 0x7fffffff;
}

/**
 * Input indices by falling logit, ties by lower index. NaN marks a pair that was not scored and is left out.
 *
 * Key and index share one 64-bit integer, because sorting integers needs no call back into JavaScript: 100,000
 * take 7 ms instead of 40. Every platform of this package is little-endian, so the index is the low word.
 */
export function byLogit(logits: Float32Array): Uint32Array {
  const entries = new BigUint64Array(logits.length);
  const words = new Uint32Array(entries.buffer);
  let scored = 0;
  for (let index = 0; index < logits.length; index++) {
    const logit = logits[index]!;
    if (Number.isNaN(logit)) continue;
    words[2 * scored] = index;
    words[2 * scored + 1] = descendingKey(logit);
    scored++;
  }
  entries.subarray(0, scored).sort();
  const order = new Uint32Array(scored);
  for (let rank = 0; rank < scored; rank++) order[rank] = words[2 * rank]!;
  return order;
}

/**
 * What a caller of `rank` gets: sorted, then cut by `minScore`, then by `topN`.
 * @throws RerankerError `ERR_TIMEOUT` when a deadline came before the first score: an empty list must not look complete.
 */
export async function rankResults<T>(
  documents: readonly T[],
  { logits, truncated, spans, partial }: ScoredPairs,
  options: Pick<RankOptions<T>, 'activation' | 'minScore' | 'topN' | 'returnDocuments'>,
): Promise<RankResult<T>[]> {
  const { minScore = -Infinity, topN = Infinity, returnDocuments = true } = options;
  const toScore = scorer(options.activation);
  const order = byLogit(logits);
  if (partial && order.length === 0) {
    throw new RerankerError(
      'ERR_TIMEOUT',
      `Expected scores within deadlineMs, but none of ${logits.length} pairs was scored by then. Allow more time.`,
    );
  }
  const tooLow = order.findIndex((index) => toScore(logits[index]!) < minScore);
  return mapInSlices(Math.min(tooLow < 0 ? order.length : tooLow, topN), (rank) => {
    const index = order[rank]!;
    const logit = logits[index]!;
    const result = { index, score: toScore(logit), logit } as RankResult<T>;
    if (returnDocuments) result.document = documents[index]!;
    if (truncated[index]) result.truncated = true;
    if (spans) result.span = { start: spans[2 * index]!, end: spans[2 * index + 1]! };
    if (partial) result.partial = true;
    return result;
  });
}
