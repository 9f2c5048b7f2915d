import { fromNative, RerankerError } from '../errors.js';
import type { NativeAddon, NativeModel } from '../native/addon.js';
import { choosePath } from '../native/choose-path.js';
import { loadAddon } from '../native/load-addon.js';
import { loadModel } from '../native/load-model.js';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import type { LoadOptions } from '../types.js';
import { findModelFiles } from './files.js';
import { sha256 } from './hash.js';
import { effectiveMaxLength } from './max-length.js';
import { type ResolvedModel, resolveModel } from './resolve.js';

/** A model ready to score: text goes in through `tokenizer`, tokens through `native`. */
export interface OpenModel {
  source: ResolvedModel;
  sha256: string;
  tokenizer: Tokenizer;
  native: NativeModel;
  addon: NativeAddon;
  /** Why this device and path. */
  reason: string;
  maxLength: number;
  /** Column of the logits that is the relevance. */
  label: number;
}

/** From a name to a model in memory. Whatever fails, nothing stays open. */
export async function openModel(name: string | URL, options: LoadOptions): Promise<OpenModel> {
  const { signal, onProgress } = options;
  const choice = choosePath({
    device: options.device ?? 'auto',
    path: options.path ?? 'auto',
    dtype: options.dtype ?? 'auto',
  });
  const source = await resolveModel(name, options);
  const files = await findModelFiles(source.folder);
  const addon = loadAddon(choice.addon);
  signal?.throwIfAborted();

  // The tokenizer loads in its thread, the weights in the addon's, and the hash reads from the page cache.
  const loading = [
    Tokenizer.load(files),
    loadModel(addon, files.folder, {
      device: choice.device,
      path: choice.path,
      dtype: options.dtype ?? 'auto',
      tokenizerSize: 0, // not known yet: checked below
      threads: options.threads,
    }),
    sha256(files.weights, { onProgress, signal }),
  ] as const;
  try {
    const [tokenizer, native, digest] = await Promise.all(loading);
    signal?.throwIfAborted();
    checkTokenizerSize(tokenizer, native);
    const label = chooseLabel(native.info.labels, options.label);
    const maxLength = await effectiveMaxLength(native.info.maxLength, files.tokenizerConfig, options.maxLength);
    const reason = choice.reason ?? native.info.reason;
    return { source, sha256: digest, tokenizer, native, addon, reason, maxLength, label };
  } catch (error) {
    for (const part of loading.slice(0, 2) as Promise<Tokenizer | NativeModel>[]) {
      part.then((loaded) => loaded.close()).catch(() => {}); // the first failure is the one to report
    }
    throw fromNative(error);
  }
}

/** A foreign id would read past the embedding table. */
function checkTokenizerSize(tokenizer: Tokenizer, native: NativeModel): void {
  const { vocabSize } = native.info;
  if (tokenizer.vocabSize <= vocabSize) return;
  throw new RerankerError(
    'ERR_MODEL_UNSUPPORTED',
    `The tokenizer has ids up to ${tokenizer.vocabSize - 1}, the model's embedding table has ${vocabSize} rows. ` +
      'Use the tokenizer.json that belongs to these weights.',
  );
}

function chooseLabel(labels: number, requested: number | undefined): number {
  if (requested === undefined) {
    if (labels === 1) return 0;
    throw new RerankerError(
      'ERR_MODEL_UNSUPPORTED',
      `The model has ${labels} labels. Say which is the relevance with the option label, 0 to ${labels - 1}.`,
    );
  }
  if (requested < labels) return requested;
  throw new RerankerError(
    'ERR_INVALID_ARGUMENT',
    `options.label: expected 0 to ${labels - 1} (labels of the model: ${labels}), received ${requested}.`,
  );
}
