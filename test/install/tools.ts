import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../..');

const modules = join(import.meta.dirname, 'node_modules');

export type NodeVersion = '20' | '22' | '24';

/** A file of a package that test/install/package.json pins. */
export function tool(path: string): string {
  const file = join(modules, path);
  if (!existsSync(file)) throw new Error(`${path} is not in ${modules}: run npm run test:install, which installs it`);
  return file;
}

export const nodeBinary = (version: NodeVersion): string => tool(`node-${version}/bin/node`);
