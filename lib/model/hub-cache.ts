import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isFolder } from './files.js';

/** Folder where every Hugging Face tool keeps downloads, by the rules they share. */
export function hubCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  if (own) return own;
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  return join(home, 'hub');
}

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
  const root = join(cache, `models--${repository.replace('/', '--')}`);
  const commit = /^[0-9a-f]{40}$/.test(revision) ? revision : await readRef(join(root, 'refs', revision));
  if (commit === undefined) return undefined;
  const folder = join(root, 'snapshots', commit);
  return (await isFolder(folder)) ? { folder, commit } : undefined;
}

async function readRef(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined;
  } catch {
    return undefined;
  }
}
