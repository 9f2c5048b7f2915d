import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankerError } from '../errors.js';

/** The files of a model folder, as absolute paths. */
export interface ModelFiles {
  folder: string;
  tokenizerJson: string;
  tokenizerConfig?: string;
  /** One safetensors file, or all shards in name order. */
  weights: string[];
}

const singleFile = 'model.safetensors';
const shardIndex = 'model.safetensors.index.json';
const shardName = /^\w[\w.-]*\.safetensors$/;

/**
 * What a folder in Hugging Face layout must hold: config.json, tokenizer.json and safetensors weights. What is in
 * them is checked by those who read them.
 * @throws RerankerError `ERR_MODEL_NOT_FOUND` naming what is missing, `ERR_MODEL_UNSUPPORTED` when the model is there
 * in another format, `ERR_MODEL_CORRUPT` when the shard index cannot be read.
 */
export async function findModelFiles(folder: string): Promise<ModelFiles> {
  const names = new Set(await readdir(folder));
  const missing = ['config.json', 'tokenizer.json'].filter((name) => !names.has(name));
  if (!names.has(singleFile) && !names.has(shardIndex)) missing.push(singleFile);
  if (missing.length > 0) throw incomplete(folder, names, missing);

  const weights = names.has(singleFile) ? [singleFile] : await shards(folder, names);
  return {
    folder,
    tokenizerJson: join(folder, 'tokenizer.json'),
    ...(names.has('tokenizer_config.json') && { tokenizerConfig: join(folder, 'tokenizer_config.json') }),
    weights: weights.map((name) => join(folder, name)),
  };
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Parses a JSON file of a model.
 * @throws RerankerError `ERR_MODEL_CORRUPT` when it does not hold a JSON object.
 */
export async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  let value: unknown;
  let cause: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    cause = error;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RerankerError('ERR_MODEL_CORRUPT', `${path}: expected a JSON object. Fetch the model again.`, { cause });
}

/**
 * Names of the files that the shard index of a folder names, sorted.
 * @throws RerankerError `ERR_MODEL_CORRUPT` when it names none, or anything but files beside it.
 */
export async function shardNames(folder: string): Promise<string[]> {
  const map = (await readJsonObject(join(folder, shardIndex))).weight_map;
  const files = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
  if (files.length > 0 && files.every((file) => typeof file === 'string' && shardName.test(file))) return files.sort();
  throw new RerankerError(
    'ERR_MODEL_CORRUPT',
    `${join(folder, shardIndex)}: expected weight_map to name the files of the weights. Fetch the model again.`,
  );
}

async function shards(folder: string, names: Set<string>): Promise<string[]> {
  const files = await shardNames(folder);
  const missing = files.filter((file) => !names.has(file));
  if (missing.length > 0) throw incomplete(folder, names, missing);
  return files;
}

/** Weights of other frameworks, to tell a model in another format from no model. */
export const foreignWeights = /^(pytorch_model.*\.bin|tf_model\.h5|flax_model\.msgpack|.*\.(gguf|onnx|pt|pth))$/;

function incomplete(folder: string, names: Set<string>, missing: string[]): RerankerError {
  const list = missing.join(', ');
  const foreign = [...names].find((name) => foreignWeights.test(name));
  if (missing.includes(singleFile) && foreign !== undefined) {
    return new RerankerError(
      'ERR_MODEL_UNSUPPORTED',
      `${folder} holds ${foreign}, but weights must be safetensors. Save the model with transformers: ` +
        'model.save_pretrained(folder, safe_serialization=True).',
    );
  }
  if (missing.includes('tokenizer.json') && names.has('vocab.txt')) {
    return new RerankerError(
      'ERR_MODEL_UNSUPPORTED',
      `${folder} holds vocab.txt, but no tokenizer.json. Save it with transformers: ` +
        'AutoTokenizer.from_pretrained(folder).save_pretrained(folder).',
    );
  }
  return new RerankerError(
    'ERR_MODEL_NOT_FOUND',
    `${folder} is not a complete model in Hugging Face layout: ${list} missing. It needs config.json, ` +
      'tokenizer.json and model.safetensors.',
  );
}
