import type { Reranker } from '../reranker.js';
import type { Dtype, ScoreCheck } from '../types.js';
import { findKnownModel } from './known.js';

/** Published logits have six decimals and come from another machine; a wrong model is off by far more. */
const tolerances: Record<Dtype, number> = { float32: 1e-3, float16: 5e-2, bfloat16: 0.3, int8: 1 };

/**
 * Compares a loaded reranker with what is published about its model: the hash of the weights, and logits that others
 * computed.
 */
export async function compareWithPublished(reranker: Reranker): Promise<ScoreCheck> {
  const { model, dtype, sha256, revision } = reranker.info();
  const known = findKnownModel(model);
  const weights = compareHash(known, sha256, revision);
  const pairs = known?.published?.pairs ?? [];
  if (!known?.published || pairs.length === 0) {
    return { model, status: weights === 'differ' ? 'failed' : 'skipped', weights, pairs: 0 };
  }
  const logits = await reranker.score(
    pairs.map(({ query, document }) => [query, document] as const),
    { activation: 'identity' },
  );
  const maxError = Math.max(...pairs.map(({ logit }, i) => Math.abs(logit - logits[i]!)));
  const tolerance = tolerances[dtype];
  const passed = maxError <= tolerance && weights !== 'differ';
  const { source } = known.published;
  return { model, status: passed ? 'passed' : 'failed', weights, pairs: pairs.length, maxError, tolerance, source };
}

/** Hashes are of one revision; of another nothing is known. */
function compareHash(
  known: { sha256?: string; revision?: string } | undefined,
  sha256: string,
  revision: string | undefined,
): ScoreCheck['weights'] {
  if (known?.sha256 === undefined || (known.revision !== undefined && known.revision !== revision)) return 'unknown';
  return known.sha256 === sha256 ? 'match' : 'differ';
}
