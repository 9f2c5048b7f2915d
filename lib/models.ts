import type { Reranker } from './reranker.js';
import { hubCacheFolder } from './model/hub-cache.js';
import type { PulledModel, PullOptions, ScoreCheck } from './types.js';
import { checkPullOptions } from './validation/load-options.js';

/** The model that `Reranker.load()` takes. */
export const defaultModel = 'cross-encoder/ms-marco-MiniLM-L6-v2';

/**
 * Brings a hub model into the Hugging Face cache, or up to date there: files of the cache are checked by the hub's hashes
 * and fetched again where they are damaged. `Reranker.load` does without the hub when the cache has a model.
 *
 * @param model A hub id `owner/name`. Default `cross-encoder/ms-marco-MiniLM-L6-v2`.
 * @throws RerankerError `ERR_INVALID_ARGUMENT`, `ERR_MODEL_NOT_FOUND`, `ERR_MODEL_UNSUPPORTED`, `ERR_MODEL_CORRUPT` or
 * `ERR_DOWNLOAD`; the reason of `signal` if it aborts.
 */
export async function pull(model: string = defaultModel, options?: PullOptions): Promise<PulledModel> {
  const checked = checkPullOptions(options);
  checked.signal?.throwIfAborted();
  const { pullModel } = await import('./model/pull.js'); // not before: most programs never pull
  return pullModel(model, checked);
}

/**
 * Compares a reranker with what is published about its model: the hash of its weights, and logits that others computed
 * for a few pairs. `skipped` when nothing is published.
 */
export async function checkScores(reranker: Reranker): Promise<ScoreCheck> {
  const { compareWithPublished } = await import('./model/check-scores.js');
  return compareWithPublished(reranker);
}

/** The folder in which hub models are kept, shared with all Hugging Face tools: `HF_HUB_CACHE`, else `hub` in
 * `HF_HOME`, else `huggingface/hub` in `XDG_CACHE_HOME` or `~/.cache`.
 */
export function cacheFolder(): string {
  return hubCacheFolder();
}
