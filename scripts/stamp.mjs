import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';

/** One hash over the names and contents of files and folders (relative to the repository) and over `facts`. */
export function contentKey(paths, facts = []) {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const file of paths.flatMap(filesUnder).sort()) {
    hash.update(`\0${path.relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function filesUnder(relative) {
  const absolute = inRoot(relative);
  if (!existsSync(absolute)) return [];
  if (!statSync(absolute).isDirectory()) return [absolute];
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

const stampFile = (name) => inRoot('build', 'stamps', name);

/** A part is `{ stamps, key, outputs, make }`; the key of the content it was last made from stands in its stamps. */
export function isCurrent({ stamps, key, outputs }) {
  return stamps.every((name) => existsSync(stampFile(name)) && readFileSync(stampFile(name), 'utf8') === key)
    && outputs.every((output) => existsSync(inRoot(output)));
}

/** Makes a part. Until that has worked it counts as not made: a failed build may have replaced half of its outputs. */
export async function make({ stamps, key, make }, onProgress) {
  stamps.forEach((name) => rmSync(stampFile(name), { force: true }));
  await make(onProgress);
  mkdirSync(inRoot('build', 'stamps'), { recursive: true });
  stamps.forEach((name) => writeFileSync(stampFile(name), key));
}
