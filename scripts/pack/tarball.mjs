import { readFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inRoot, onPath } from '../paths.mjs';
import { packagesFolder } from './staging.mjs';

const budget = JSON.parse(readFileSync(inRoot('scripts', 'pack', 'budget.json'), 'utf8'));

/** Packs a staged folder; resolves to npm's record of it (`filename`, `size`, `unpackedSize`, `files`). */
export async function packTarball(folder) {
  const { stdout } = await promisify(execFile)(
    onPath('npm'), ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', packagesFolder],
    { cwd: folder, maxBuffer: 1 << 26 },
  );
  const record = [JSON.parse(stdout)].flat()[0];
  const allowed = budget[record.name];
  if (allowed === undefined || record.unpackedSize <= allowed) return record;
  throw new Error(`${record.name} is ${megabytes(record.unpackedSize)} unpacked, its budget is ${megabytes(allowed)}.`);
}

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
