// The Python that tests use: a virtual environment in build/ with the packages of test/python/requirements.txt, each
// checked by its hash. Made once, and again when that file or the Python changes. `node scripts/python-env.mjs` makes it
// and prints the path of its interpreter, which PYTHON can name.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { runQuietly } from './command.mjs';
import { inRoot, isMain } from './paths.mjs';
import { fail, step } from './progress.mjs';
import { contentKey, isCurrent, make } from './stamp.mjs';
import { findPython } from './tools.mjs';

const requirements = 'test/python/requirements.txt';
const folder = 'build/python';
const interpreter = `${folder}/bin/python`;

/** The absolute path of an interpreter that has the packages. Throws an error whose message says what to do. */
export async function pythonEnv() {
  const base = findPython();
  if (!base) throw new Error('Python with pip 21 or newer is missing on PATH; tests of Python packages cannot run.');
  const version = execFileSync(base, ['--version'], { encoding: 'utf8' }).trim();
  const part = {
    stamps: ['python'],
    key: contentKey([requirements], [version]),
    outputs: [interpreter],
    make: () => install(base),
  };
  if (!isCurrent(part)) await step('Python packages for tests', () => make(part));
  return inRoot(interpreter);
}

async function install(base) {
  const env = { ...process.env, PIP_REQUIRE_VIRTUALENV: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  rmSync(inRoot(folder), { recursive: true, force: true });
  await runQuietly(base, ['-m', 'venv', inRoot(folder)], { log: inRoot('build', 'python-venv.log'), env });
  await runQuietly(inRoot(interpreter), [
    '-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary=:all:', '-r', inRoot(requirements),
  ], { log: inRoot('build', 'python-pip.log'), env });
}

if (isMain(import.meta.url)) {
  await pythonEnv().then((python) => process.stdout.write(`${python}\n`)).catch(fail);
}
