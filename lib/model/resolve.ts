import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RerankerError } from '../errors.js';
import { packageRoot } from '../package.js';
import { received } from '../validation/received.js';
import { findSnapshot, hubCacheFolder } from './hub-cache.js';
import { isFolder } from './files.js';

export interface ResolveOptions {
  revision?: string;
  cacheDir?: string;
}

export interface ResolvedModel {
  /** As asked for, folders made absolute. */
  id: string;
  folder: string;
  /** Commit, hub models only. */
  revision?: string;
}

const hubId = /^[A-Za-z0-9_][\w.-]*\/[A-Za-z0-9_][\w.-]*$/;

/**
 * Finds the folder of a model by name.
 * @throws RerankerError `ERR_INVALID_ARGUMENT` for a name of no known form, `ERR_MODEL_NOT_FOUND` when nothing is
 * where the name points.
 */
export async function resolveModel(name: unknown, options: ResolveOptions = {}): Promise<ResolvedModel> {
  if (name === 'starter') return folderModel('starter', join(packageRoot, 'models', 'starter'));
  if (name instanceof URL || (typeof name === 'string' && name.startsWith('file:'))) return urlModel(name);
  if (typeof name !== 'string') throw unknownForm(name);
  if (isAbsolute(name) || /^\.\.?([/\\]|$)/.test(name)) return folderModel(resolve(name), resolve(name));
  if (hubId.test(name) && !name.includes('..') && !name.includes('--')) return hubModel(name, options);
  throw unknownForm(name);
}

async function urlModel(url: string | URL): Promise<ResolvedModel> {
  let folder: string;
  try {
    folder = fileURLToPath(url);
  } catch (cause) {
    const message = `model: expected a file: URL of a folder, received ${url}.`;
    throw new RerankerError('ERR_INVALID_ARGUMENT', message, { cause });
  }
  return folderModel(folder, folder);
}

async function folderModel(id: string, folder: string): Promise<ResolvedModel> {
  if (await isFolder(folder)) return { id, folder };
  throw new RerankerError(
    'ERR_MODEL_NOT_FOUND',
    `model: expected a folder with a model at ${folder}, found none. Check the path; a hub model is owner/name.`,
  );
}

async function hubModel(repository: string, options: ResolveOptions): Promise<ResolvedModel> {
  const cache = resolve(options.cacheDir ?? hubCacheFolder());
  const revision = options.revision ?? 'main';
  const found = await findSnapshot(cache, repository, revision);
  if (found) return { id: repository, folder: found.folder, revision: found.commit };
  throw new RerankerError(
    'ERR_MODEL_NOT_FOUND',
    `model: ${repository} (revision ${revision}) is not in the Hugging Face cache ${cache}, and this version of ` +
      'mlx-rerank does not download yet. Fetch it with any Hugging Face tool (hf download), give the path of a ' +
      "folder that holds it, or load 'starter', the small model in this package.",
  );
}

function unknownForm(name: unknown): RerankerError {
  return new RerankerError(
    'ERR_INVALID_ARGUMENT',
    `model: expected a hub id 'owner/name', a folder ('./path', '../path', an absolute path or a file: URL) or ` +
      `'starter', received ${received(name)}.`,
  );
}
