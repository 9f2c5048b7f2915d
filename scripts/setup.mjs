// Makes a clone ready: npm packages, native libraries, the addons, dist/. Each part is keyed by content and skipped while
// it is current. Runs on bare Node, before there is a node_modules. Speaks on stderr, and only when there is work.
import { readFileSync, rmSync } from 'node:fs';
import { buildNative } from './build-native.mjs';
import { runQuietly } from './command.mjs';
import { fetchDependencies, missingDependencies } from './fetch-native-deps.mjs';
import { packagesAreInstalled } from './installed-packages.mjs';
import { inRoot, isMain, onPath } from './paths.mjs';
import { fail, step } from './progress.mjs';
import { contentKey, isCurrent, make } from './stamp.mjs';
import { missingTools } from './tools.mjs';

const addons = ['mlx_rerank', 'mlx_rerank_cpu'];

/** Brings the clone up to date; with `tests` the native tests too. Throws an error whose message says what to do. */
export async function setUp({ tests = false } = {}) {
  const native = nativePart(tests);
  const typescript = typescriptPart();
  const install = !packagesAreInstalled();
  const build = !isCurrent(native);
  const compile = !isCurrent(typescript);
  if (build) {
    const missing = missingTools();
    if (missing.length) throw new Error(missing.join('\n'));
  }
  const fetch = missingDependencies({ building: build });
  if (!install && !build && !compile && !fetch.length) return;

  process.stderr.write(`Setting up mlx-rerank${build ? ' (the first time takes a few minutes)' : ''}\n`);
  if (install) await step('npm packages', installPackages);
  await fetchDependencies(fetch);
  if (build) await step(tests ? 'native addons and tests' : 'native addons', (tell) => make(native, tell));
  if (compile) await step('TypeScript', () => make(typescript));
  process.stderr.write('\n');
}

function nativePart(tests) {
  const { version, binary } = readJson('package.json');
  const { packages } = readJson('package-lock.json');
  const headers = ['node-addon-api', 'node-api-headers'].map((name) => packages[`node_modules/${name}`]?.version);
  const facts = [version, binary, headers, process.platform, process.arch, process.env.CXX, process.env.MLX_MACOS];
  return {
    stamps: tests ? ['native', 'native-tests'] : ['native'],
    key: contentKey(['CMakeLists.txt', 'native.lock.json', 'native'], facts),
    outputs: [...addons.map((name) => `build/Release/${name}.node`), ...(tests ? ['build/native-tests'] : [])],
    make: (onProgress) => buildNative({ targets: tests ? [] : addons, onProgress }),
  };
}

function typescriptPart() {
  const { packages } = readJson('package-lock.json');
  return {
    stamps: ['typescript'],
    key: contentKey(['lib', 'tsconfig.json'], [packages['node_modules/typescript']?.version]),
    outputs: ['dist/index.js'],
    make() {
      rmSync(inRoot('dist'), { recursive: true, force: true });
      const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');
      return runQuietly(process.execPath, [tsc, '-p', 'tsconfig.json'], { log: inRoot('build', 'typescript.log') });
    },
  };
}

async function installPackages() {
  const npm = onPath('npm');
  if (!npm) throw new Error('npm is missing on PATH; it comes with Node.');
  await runQuietly(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { log: inRoot('build', 'npm-ci.log') });
}

const readJson = (file) => JSON.parse(readFileSync(inRoot(file), 'utf8'));

if (isMain(import.meta.url)) await setUp({ tests: process.argv.includes('--tests') }).catch(fail);
