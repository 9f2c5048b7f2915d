// Builds the native code: node scripts/build-native.mjs [--debug] [--sanitize=address|thread] [target ...]
// CMakeLists.txt is the description; cmake-js adds Node's headers. Incremental; the compiler is heard only on failure.
import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { runQuietly } from './command.mjs';
import { fetchDependencies, missingDependencies, vendorFolder } from './fetch-native-deps.mjs';
import { inRoot, isMain } from './paths.mjs';
import { fail, step } from './progress.mjs';

const sanitizerNames = { address: 'asan', thread: 'tsan' };

/** Where a build's Release/ (or Debug/) and native-tests/ go; builds with a sanitizer stay out of the loader's way. */
export const outputFolder = (sanitize) => inRoot('build', ...(sanitize ? [sanitizerNames[sanitize]] : []));

/** Configures, then builds `targets` or everything. `onProgress` is told how far the build is, as `12/40` or `30%`. */
export async function buildNative({ config = 'Release', sanitize, targets = [], onProgress = () => {} } = {}) {
  const kind = [sanitizerNames[sanitize], config === 'Debug' && 'debug'].filter(Boolean);
  const out = inRoot('build', ['cmake', ...kind].join('-'));
  const options = ['--out', out, '--config', config, `--CDRERANK_OUTPUT=${outputFolder(sanitize)}`];
  if (sanitize) options.push(`--CDRERANK_SANITIZE=${sanitize}`);
  await configure(out, options);
  const chosen = targets.length ? ['--', '--target', ...targets] : [];
  await cmakeJs('build', [...options, '--parallel', String(availableParallelism()), ...chosen], {
    log: `${out}.log`,
    onLine(line) {
      const count = /^\[\s*(\d+\/\d+|\d+%)\]/.exec(line);
      if (count) onProgress(count[1]);
    },
  });
}

async function configure(out, options) {
  const log = `${out}-configure.log`;
  const configuredBefore = existsSync(path.join(out, 'CMakeCache.txt'));
  try {
    await cmakeJs('configure', options, { log });
  } catch (error) {
    // A cache made at another path, or for make where there is ninja now, cannot be used again.
    if (!configuredBefore) throw error;
    rmSync(out, { recursive: true, force: true });
    await cmakeJs('configure', options, { log });
  }
}

function cmakeJs(command, args, { log, onLine }) {
  const program = inRoot('node_modules', 'cmake-js', 'bin', 'cmake-js');
  const fetchedTools = ['cmake', 'ninja'].map((tool) => path.join(vendorFolder(tool), 'bin')).filter(existsSync);
  const env = { ...process.env, PATH: [...fetchedTools, process.env.PATH].join(path.delimiter) };
  return runQuietly(process.execPath, [program, command, ...args], { log, onLine, env });
}

async function main(args) {
  const options = { targets: [] };
  for (const arg of args) {
    if (/^--(debug|release)$/i.test(arg)) options.config = /debug/i.test(arg) ? 'Debug' : 'Release';
    else if (/^--sanitize=(address|thread)$/.test(arg)) options.sanitize = arg.split('=')[1];
    else if (!arg.startsWith('-')) options.targets.push(arg);
    else throw new Error(`Unknown option ${arg}; there are --debug, --sanitize=address and --sanitize=thread.`);
  }
  if (!existsSync(inRoot('node_modules', 'cmake-js'))) {
    throw new Error('cmake-js is not installed. `npm run setup` installs and builds everything.');
  }
  await fetchDependencies(missingDependencies({ building: true }));
  await step('native code', (onProgress) => buildNative({ ...options, onProgress }));
}

if (isMain(import.meta.url)) await main(process.argv.slice(2)).catch(fail);
