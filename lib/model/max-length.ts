import { invalid } from '../validation/check.js';
import { readJsonObject } from './files.js';

/**
 * Most tokens of a pair: what the caller asks for, else the lesser of the model's positions and its tokenizer's setting.
 * @throws RerankerError `ERR_INVALID_ARGUMENT` if the caller asks for more than that.
 */
export async function effectiveMaxLength(
  positions: number,
  tokenizerConfig: string | undefined,
  requested: number | undefined,
): Promise<number> {
  const configured = tokenizerConfig && (await readJsonObject(tokenizerConfig)).model_max_length;
  // Tokenizers without a limit of their own carry a number near 1e30, or none.
  const ofTokenizer = typeof configured === 'number' && configured > 0 ? Math.floor(configured) : Infinity;
  const most = Math.min(positions, ofTokenizer);
  if (requested === undefined || requested <= most) return requested ?? most;
  const whose = ofTokenizer < positions ? "the tokenizer's model_max_length" : "the model's positions";
  const hint = "For longer documents there is longDocuments 'chunk'.";
  throw invalid('options.maxLength', `at most ${most}, ${whose}`, requested, hint);
}
