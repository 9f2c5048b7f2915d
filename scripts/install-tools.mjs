import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runQuietly } from './command.mjs';
import { inRoot, onPath } from './paths.mjs';
import { step } from './progress.mjs';

/** Holds package.json and package-lock.json of what is needed to test and document packages, and not to build them. */
export const toolsFolder = inRoot('test', 'install');

/** Installs the tools, unless they are there. With scripts disabled: what runs is shipped as it is in the packages. */
export async function installTools() {
  if (areInstalled()) return;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await step('tools of test/install', () =>
    runQuietly(onPath('npm'), args, { cwd: toolsFolder, log: inRoot('build', 'npm-ci-tools.log') }));
}

/** Whether npm's record of what is installed is of this lock file. */
function areInstalled() {
  const record = path.join(toolsFolder, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = readPackages(record);
  const wanted = Object.entries(readPackages(path.join(toolsFolder, 'package-lock.json'))).filter(([name]) => name);
  return wanted.every(([name, { version, optional }]) => optional || installed[name]?.version === version);
}

const readPackages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
