import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

export const oldVersion = '0.0.1';

const run = promisify(execFile);

/**
 * Tarballs of an older version, made from those of this one: the main package and the addon of Linux x64 with another
 * version written over theirs, in the manifests and, in as many letters, in the addon.
 */
export async function oldVersionTarballs(tarballs: string[], folder: string): Promise<string[]> {
  rmSync(folder, { recursive: true, force: true });
  const wanted = tarballs.filter((file) => /^mlx-rerank-(\d.*|linux-x64-.*)\.tgz$/.test(basename(file)));
  return Promise.all(wanted.map((file) => age(file, join(folder, basename(file, '.tgz')))));
}

async function age(tarball: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', folder]);
  const root = join(folder, 'package');
  const file = join(root, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  for (const addon of readdirSync(root).filter((name) => name.endsWith('.node'))) {
    overwrite(join(root, addon), `${manifest.version}\0`, `${oldVersion}\0`);
  }
  manifest.version = oldVersion;
  if (manifest.optionalDependencies) manifest.optionalDependencies = { '@mlx-rerank/linux-x64': oldVersion };
  writeFileSync(file, JSON.stringify(manifest));
  const aged = `${folder}.tgz`;
  await run('tar', ['-czf', aged, '-C', folder, 'package']);
  return aged;
}

/** The one place in a file where bytes stand. */
function overwrite(file: string, from: string, to: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(`\0${from}`, 0, 'latin1') + 1;
  if (at === 0 || from.length !== to.length) throw new Error(`${file} does not hold ${from.trim()} as a text of its own`);
  bytes.write(to, at, 'latin1');
  writeFileSync(file, bytes);
}
