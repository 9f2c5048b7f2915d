import { readJsonObject } from './files.js';

/** Most tokens of a pair: the least of what the model's positions, its tokenizer's settings and the caller allow. */
export async function effectiveMaxLength(
  positions: number,
  tokenizerConfig: string | undefined,
  requested: number | undefined,
): Promise<number> {
  const configured = tokenizerConfig && (await readJsonObject(tokenizerConfig)).model_max_length;
  // Tokenizers without a limit of their own carry a number near 1e30, or none.
  const ofTokenizer = typeof configured === 'number' && configured > 0 ? Math.floor(configured) : Infinity;
  return Math.min(positions, ofTokenizer, requested ?? Infinity);
}
