import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isCommit } from '../hub-cache.js';
import type { HubFile } from './listing.js';

/** Puts files of a commit under their names: relative links into `blobs`, so that a cache can be moved. */
export async function linkSnapshot(root: string, commit: string, files: readonly HubFile[]): Promise<string> {
  const folder = join(root, 'snapshots', commit);
  await mkdir(folder, { recursive: true });
  for (const { name, etag } of files) await link(join(root, 'blobs', etag), join(folder, name));
  return folder;
}

/** Remembers which commit a branch or tag is. */
export async function writeRef(root: string, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const path = join(root, 'refs', revision);
  await mkdir(dirname(path), { recursive: true });
  await replace(path, (temporary) => writeFile(temporary, commit));
}

async function link(blob: string, path: string): Promise<void> {
  const target = relative(dirname(path), blob);
  if ((await readlink(path).catch(() => undefined)) === target) return;
  await replace(path, (temporary) => symlink(target, temporary).catch(() => copyFile(blob, temporary)));
}

/** Makes a file beside its place and moves it there, so that readers see the old one or the new one. */
async function replace(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  await make(temporary);
  await rename(temporary, path);
}
