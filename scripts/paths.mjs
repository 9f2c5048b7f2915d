import { accessSync, constants, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export const inRoot = (...parts) => path.join(root, ...parts);

/** The absolute path of an executable found on PATH, or undefined. */
export function onPath(name) {
  return (process.env.PATH ?? '').split(path.delimiter).filter(Boolean)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

/** Whether the module with this `import.meta.url` is the script that node was started with. */
export function isMain(url) {
  return fileURLToPath(url) === realpathSync(process.argv[1]);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
