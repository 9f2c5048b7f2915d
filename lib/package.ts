import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder of the installed package: holds package.json, models/ and, in a clone, build/. */
export const packageRoot = dirname(__dirname);

/** Version of this package. The native addon must carry the same. */
export const packageVersion: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version;
