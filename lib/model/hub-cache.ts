import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isFolder } from './files.js';

/** Folder of everything Hugging Face tools keep, by the rules they share. */
export function hubHome(env: NodeJS.ProcessEnv = process.env): string {
  return env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
}

/** Folder where every Hugging Face tool keeps downloads. */
export function hubCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), 'hub');
}

/** Folder of one repository in a hub cache: `blobs`, `refs` and `snapshots`. */
export function repositoryFolder(cache: string, repository: string): string {
  return join(cache, `models--${repository.replace('/', '--')}`);
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

export interface HubSnapshot {
  folder: string;
  commit: string;
}

/** The snapshot of a repository in a hub cache: `refs/` map branches and tags to commits, `snapshots/` hold files. */
export async function findSnapshot(
  cache: string,
  repository: string,
  revision: string,
): Promise<HubSnapshot | undefined> {
  const root = repositoryFolder(cache, repository);
  const commit = isCommit(revision) ? revision : await readRef(join(root, 'refs', revision));
  if (commit === undefined) return undefined;
  const folder = join(root, 'snapshots', commit);
  return (await isFolder(folder)) ? { folder, commit } : undefined;
}

async function readRef(path: string): Promise<string | undefined> {
  try {
    const commit = (await readFile(path, 'utf8')).trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}
