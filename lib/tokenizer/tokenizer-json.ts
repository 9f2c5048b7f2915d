import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RerankerError } from '../errors.js';
import type { TokenizerFiles } from './types.js';

export interface AddedToken {
  id: number;
  content: string;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
  special?: boolean;
}

/** A part of tokenizer.json: its type and settings. */
export interface Component {
  type: string;
  [setting: string]: unknown;
}

/** A tokenizer.json as far as it has been checked. */
export interface TokenizerJson {
  normalizer: Component | null;
  pre_tokenizer: Component | null;
  post_processor: Component | null;
  /** `vocab` maps tokens to ids, or in a Unigram model lists [token, score]. */
  model: Component & { vocab: Record<string, number> | unknown[] };
  added_tokens: AddedToken[];
  [setting: string]: unknown;
}

/** The bytes of a model's tokenizer files. */
export interface TokenizerBytes {
  files: TokenizerFiles;
  tokenizerJson: Buffer;
  tokenizerConfig?: Buffer;
  /** SHA-256 of both, hex. */
  digest: string;
}

/** @throws RerankerError `ERR_MODEL_NOT_FOUND` if a file cannot be read. */
export function readTokenizerFiles(files: TokenizerFiles): TokenizerBytes {
  const tokenizerJson = read(files.tokenizerJson);
  const tokenizerConfig = files.tokenizerConfig === undefined ? undefined : read(files.tokenizerConfig);
  const hash = createHash('sha256').update(tokenizerJson);
  if (tokenizerConfig) hash.update(tokenizerConfig);
  return { files, tokenizerJson, tokenizerConfig, digest: hash.digest('hex') };
}

/** @throws RerankerError `ERR_MODEL_CORRUPT` if a file is not what it should be. */
export function parseTokenizerFiles({
  files,
  tokenizerJson,
  tokenizerConfig,
}: TokenizerBytes): TokenizerJson {
  const json = parse(files.tokenizerJson, tokenizerJson);
  checkTokenizerJson(files.tokenizerJson, json);
  if (tokenizerConfig) applyConfig(json, parse(files.tokenizerConfig!, tokenizerConfig));
  return json;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new RerankerError(
      'ERR_MODEL_NOT_FOUND',
      `${file} cannot be read (${(cause as Error).message}). A model folder needs the tokenizer.json that ` +
        'Hugging Face keeps beside config.json.',
      { cause },
    );
  }
}

function parse(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw corrupt(file, `it is not JSON (${(cause as Error).message})`, cause);
  }
}

function checkTokenizerJson(file: string, json: unknown): asserts json is TokenizerJson {
  if (!isObject(json)) throw corrupt(file, 'expected a JSON object');
  for (const name of ['normalizer', 'pre_tokenizer', 'post_processor', 'model', 'decoder']) {
    const part = (json[name] ??= null);
    const missing = part === null && name !== 'model';
    if (!missing && !(isObject(part) && typeof part.type === 'string')) {
      throw corrupt(file, `expected "${name}" to be an object with a type`);
    }
  }
  const { model } = json as { model: Component };
  if (Array.isArray(model.vocab)) {
    if (model.vocab.length === 0) throw corrupt(file, 'its vocabulary is empty');
  } else {
    checkVocabulary(file, model.vocab);
  }
  if (model.type === 'WordPiece' && !Object.hasOwn(model.vocab as object, model.unk_token as string)) {
    throw corrupt(file, `its unknown token ${JSON.stringify(model.unk_token)} is not in its vocabulary`);
  }
  const added = (json.added_tokens ??= []);
  if (
    !Array.isArray(added) ||
    !added.every((token) => isObject(token) && isId(token.id) && isText(token.content))
  ) {
    throw corrupt(file, 'expected "added_tokens" to be a list of tokens with an id and a content');
  }
}

function checkVocabulary(file: string, vocabulary: unknown): void {
  if (!isObject(vocabulary)) throw corrupt(file, 'expected "model.vocab" to map tokens to ids');
  let empty = true;
  for (const token in vocabulary) {
    empty = false;
    if (!isId(vocabulary[token]))
      throw corrupt(file, `the id of ${JSON.stringify(token)} is not a whole number`);
  }
  if (empty) throw corrupt(file, 'its vocabulary is empty');
}

/** What tokenizer_config.json says of BERT normalisation goes before tokenizer.json, as in `transformers`. */
function applyConfig(json: TokenizerJson, config: unknown): void {
  if (json.normalizer?.type !== 'BertNormalizer' || !isObject(config)) return;
  const { do_lower_case, strip_accents, tokenize_chinese_chars } = config;
  if (typeof do_lower_case === 'boolean') json.normalizer.lowercase = do_lower_case;
  if (typeof tokenize_chinese_chars === 'boolean')
    json.normalizer.handle_chinese_chars = tokenize_chinese_chars;
  if (typeof strip_accents === 'boolean' || strip_accents === null)
    json.normalizer.strip_accents = strip_accents;
}

/** Highest id + 1, added tokens included. */
export function vocabSizeOf(json: TokenizerJson): number {
  const { vocab } = json.model;
  let size = 0;
  if (Array.isArray(vocab)) size = vocab.length;
  else for (const token in vocab) size = Math.max(size, vocab[token]! + 1);
  for (const { id } of json.added_tokens) size = Math.max(size, id + 1);
  return size;
}

function corrupt(file: string, what: string, cause?: unknown): RerankerError {
  const message = `${file} cannot be used: ${what}. Fetch the file again.`;
  return new RerankerError('ERR_MODEL_CORRUPT', message, cause === undefined ? {} : { cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
