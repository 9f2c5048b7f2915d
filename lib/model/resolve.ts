import { stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RerankerError } from '../errors.js';
import type { LoadOptions } from '../types.js';
import { received } from '../validation/received.js';
import { findSnapshot, hubCacheFolder } from './hub-cache.js';
import { findModelFiles, isFolder } from './files.js';
import { starterFolder } from './starter.js';

export type ResolveOptions = Pick<
  LoadOptions,
  'revision' | 'cacheDir' | 'localFilesOnly' | 'signal' | 'onProgress'
>;

export interface ResolvedModel {
  /** As asked for, folders made absolute. */
  id: string;
  folder: string;
  /** Commit, hub models only. */
  revision?: string;
}

const hubId = /^[A-Za-z0-9_][\w.-]*\/[A-Za-z0-9_][\w.-]*$/;

export function isHubId(name: unknown): name is string {
  return typeof name === 'string' && hubId.test(name) && !name.includes('..') && !name.includes('--');
}

/**
 * Finds the folder of a model by name; fetches a hub model that is not in the cache.
 * @throws RerankerError `ERR_INVALID_ARGUMENT` for a name of no known form, `ERR_MODEL_NOT_FOUND` when nothing is
 * where the name points; and what a download throws.
 */
export async function resolveModel(name: unknown, options: ResolveOptions = {}): Promise<ResolvedModel> {
  if (name === 'starter') return folderModel('starter', starterFolder());
  if (name instanceof URL || (typeof name === 'string' && name.startsWith('file:'))) return urlModel(name);
  if (typeof name !== 'string') throw unknownForm(name);
  if (isAbsolute(name) || /^\.\.?([/\\]|$)/.test(name)) return folderModel(resolve(name), resolve(name));
  if (isHubId(name)) return hubModel(name, options);
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

/** What is complete in the cache is used as it is; only what is not is fetched. */
async function hubModel(repository: string, options: ResolveOptions): Promise<ResolvedModel> {
  const cache = resolve(options.cacheDir ?? hubCacheFolder());
  const revision = options.revision ?? 'main';
  const found = await findSnapshot(cache, repository, revision);
  if (found && (await isCompleteModel(found.folder))) {
    return { id: repository, folder: found.folder, revision: found.commit };
  }
  const { isOffline } = await import('./hub/settings.js');
  if (options.localFilesOnly || isOffline()) {
    const { notCached } = await import('./hub/hub-errors.js');
    const why = options.localFilesOnly ? 'localFilesOnly is set' : 'HF_HUB_OFFLINE is set';
    throw notCached({ repository, revision, cache }, why);
  }
  const { downloadModel } = await import('./hub/download.js'); // not before: most loads need no hub
  const { signal, onProgress } = options;
  const { folder, commit } = await downloadModel({ repository, revision, cache, signal, onProgress });
  return { id: repository, folder, revision: commit };
}

/** Whether every file that loading needs is there; a link to a blob that is gone is not. */
async function isCompleteModel(folder: string): Promise<boolean> {
  try {
    const { tokenizerJson, tokenizerConfig, weights } = await findModelFiles(folder);
    const paths = [join(folder, 'config.json'), tokenizerJson, ...(tokenizerConfig ? [tokenizerConfig] : []), ...weights];
    return (await Promise.all(paths.map((path) => stat(path)))).every((file) => file.isFile());
  } catch {
    return false;
  }
}

function unknownForm(name: unknown): RerankerError {
  return new RerankerError(
    'ERR_INVALID_ARGUMENT',
    `model: expected a hub id 'owner/name', a folder ('./path', '../path', an absolute path or a file: URL) or ` +
      `'starter', received ${received(name)}.`,
  );
}
