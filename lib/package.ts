import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RerankerError } from './errors.js';

/** Folder of the installed package: holds package.json, models/ and, in a clone, build/. */
export const packageRoot = dirname(__dirname);

/** Version of this package. The native addon must carry the same. */
export const packageVersion: string = readVersion();

/** A bundler that takes this code into a file of its own leaves behind the addon, the worker and this package.json. */
function readVersion(): string {
  const file = join(packageRoot, 'package.json');
  let manifest: { name?: string; version?: string } = {};
  let cause: unknown;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8')) as typeof manifest;
  } catch (error) {
    cause = error;
  }
  if (manifest.name === 'mlx-rerank' && manifest.version !== undefined) return manifest.version;
  throw new RerankerError(
    'ERR_NATIVE_LOAD',
    `mlx-rerank runs from ${__dirname}, and ${file} is not its package.json: a bundler has taken it into another file, ` +
      'without its native addon and its worker. Keep it external: esbuild --external:mlx-rerank, Rollup and webpack ' +
      "external(s): ['mlx-rerank'], Vite ssr.external, Next.js serverExternalPackages.",
    { cause },
  );
}
