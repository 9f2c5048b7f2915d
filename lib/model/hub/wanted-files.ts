import { RerankerError } from '../../errors.js';
import { foreignWeights } from '../files.js';
import type { HubFile, Listing } from './listing.js';

const megabyte = 1_000_000;

/** Most bytes of each kind of file: far above any model this package runs, far below what fills a disk by accident. */
const limits: [pattern: RegExp, bytes: number][] = [
  [/^(tokenizer_)?config\.json$/, 10 * megabyte],
  [/^tokenizer\.json$/, 200 * megabyte],
  [/\.index\.json$/, 100 * megabyte],
  [/\.safetensors$/, 20_000 * megabyte],
];

const singleFile = 'model.safetensors';
const shardIndex = 'model.safetensors.index.json';

/** The small files that say what the model is; they come first, so that a wrong model costs no download. */
export function describingFiles(repository: string, { files }: Listing): HubFile[] {
  const names = ['config.json', 'tokenizer_config.json', 'tokenizer.json'];
  if (!files.has(singleFile)) names.push(shardIndex);
  const found = names.flatMap((name) => files.get(name) ?? []);
  const missing = ['config.json', 'tokenizer.json'].filter((name) => !files.has(name));
  if (!files.has(singleFile) && !files.has(shardIndex)) missing.push(singleFile);
  if (missing.length > 0) throw incomplete(repository, files, missing);
  found.forEach((file) => checkSize(repository, file));
  return found;
}

/** The weights, `model.safetensors` or the shards that an index names. */
export function weightFiles(repository: string, { files }: Listing, shards: string[]): HubFile[] {
  const names = files.has(singleFile) ? [singleFile] : shards;
  const missing = names.filter((name) => !files.has(name));
  if (missing.length > 0) throw incomplete(repository, files, missing);
  const found = names.map((name) => files.get(name)!);
  found.forEach((file) => checkSize(repository, file));
  return found;
}

function checkSize(repository: string, { name, size }: HubFile): void {
  const most = limits.find(([pattern]) => pattern.test(name))?.[1] ?? 0;
  if (size <= most) return;
  throw new RerankerError(
    'ERR_MODEL_UNSUPPORTED',
    `${repository}: ${name} has ${size} bytes; this package takes at most ${most} of such a file.`,
  );
}

function incomplete(repository: string, files: Map<string, HubFile>, missing: string[]): RerankerError {
  const names = [...files.keys()];
  const foreign = names.find((name) => foreignWeights.test(name));
  if (missing.includes(singleFile) && foreign !== undefined) {
    return new RerankerError(
      'ERR_MODEL_UNSUPPORTED',
      `${repository} has its weights only as ${foreign}, which is not loaded: a pickle can run code, other formats are ` +
        'not read. Use a revision with model.safetensors (many models have one as a pull request: revision ' +
        "'refs/pr/1'), or save the model with transformers: model.save_pretrained(folder, safe_serialization=True).",
    );
  }
  if (missing.includes('tokenizer.json') && files.has('vocab.txt')) {
    return new RerankerError(
      'ERR_MODEL_UNSUPPORTED',
      `${repository} has vocab.txt, but no tokenizer.json. Save it with transformers: ` +
        `AutoTokenizer.from_pretrained('${repository}').save_pretrained(folder), and load the folder.`,
    );
  }
  return new RerankerError(
    'ERR_MODEL_UNSUPPORTED',
    `${repository} is not a model this package can run: it has no ${missing.join(', no ')}. It needs config.json, ` +
      'tokenizer.json and model.safetensors.',
  );
}
