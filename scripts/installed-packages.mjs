import { existsSync, readFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';

/** Whether node_modules holds exactly what package-lock.json asks for, by the record that npm leaves in it. */
export function packagesAreInstalled() {
  const record = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const { '': _project, ...wanted } = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  return Object.keys(installed).every((folder) => folder in wanted && runsHere(installed[folder]))
    && Object.entries(wanted).every(([folder, { version, integrity, optional }]) => {
      const found = installed[folder];
      return found ? found.version === version && found.integrity === integrity : optional;
    });
}

/** A node_modules copied from another kind of machine lists optional packages built for that one. */
function runsHere({ os, cpu }) {
  return (!os || os.includes(process.platform)) && (!cpu || cpu.includes(process.arch));
}
