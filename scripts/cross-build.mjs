// The addons of the prebuilt packages, built by zig, which carries the C libraries of other systems:
//   node scripts/cross-build.mjs [--tests] linux-x64 linux-arm64 darwin-arm64
// They end in build/<target>/Release, stripped; native tests in build/<target>/native-tests.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runQuietly } from './command.mjs';
import { fetchDependencies, missingDependencies, vendorFolder } from './fetch-native-deps.mjs';
import { inRoot, isMain, onPath } from './paths.mjs';
import { fail, step } from './progress.mjs';
import { findCMake } from './tools.mjs';

/** Linux addons carry their C++ library and run on glibc 2.28 and later; the Mac's uses that of macOS 14. */
export const crossTargets = {
  'linux-x64': { zig: 'x86_64-linux-gnu.2.28', addon: 'mlx_rerank_cpu' },
  'linux-arm64': { zig: 'aarch64-linux-gnu.2.28', addon: 'mlx_rerank_cpu' },
  'darwin-arm64': { zig: 'aarch64-macos.14.0', addon: 'mlx_rerank', mlx: true },
};

export const crossOutput = (target) => inRoot('build', target);

/**
 * Builds the addon of one target, with `tests` the native tests instead; resolves to the folder they are in. `prepare` is
 * called once all dependencies are there and returns further CMake variables.
 */
export async function crossBuild(target, { tests = false, prepare = () => ({}) } = {}) {
  const { zig, addon, mlx } = crossTargets[target];
  await fetchDependencies([...missingDependencies({ building: true }), 'zig']);
  if (mlx) await fetchDependencies(['mlx'], target);
  const out = inRoot('build', `cmake-${target}`);
  const options = {
    CMAKE_TOOLCHAIN_FILE: inRoot('native', 'cross', 'zig.cmake'),
    CMAKE_BUILD_TYPE: 'Release',
    [mlx ? 'CMAKE_SHARED_LINKER_FLAGS' : 'CMAKE_MODULE_LINKER_FLAGS']: '-Wl,-s',
    RERANK_ZIG: path.join(vendorFolder('zig'), 'zig'),
    RERANK_ZIG_TARGET: zig,
    RERANK_OUTPUT: crossOutput(target),
    RERANK_MLX: mlx ? 'ON' : 'OFF',
    ...(mlx && { RERANK_MLX_VENDOR: path.dirname(vendorFolder('mlx', target)) }),
    ...prepare(),
  };
  const cmake = findCMake() ?? path.join(vendorFolder('cmake'), 'bin', 'cmake');
  const ninja = onPath('ninja') ?? path.join(vendorFolder('ninja'), 'bin', 'ninja');
  const generator = existsSync(ninja) ? ['-G', 'Ninja', `-DCMAKE_MAKE_PROGRAM=${ninja}`] : [];
  const defines = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  const log = inRoot('build', `cmake-${target}.log`);
  await step(`${tests ? 'native tests' : addon}, ${target}`, async (tell) => {
    await runQuietly(cmake, ['-S', inRoot(), '-B', out, ...generator, ...defines], { log });
    await runQuietly(cmake, ['--build', out, '--parallel', '--target', tests ? 'native_tests' : addon], {
      log,
      onLine(line) {
        const count = /^\[\s*(\d+\/\d+|\d+%)\]/.exec(line);
        if (count) tell(count[1]);
      },
    });
  });
  return path.join(crossOutput(target), tests ? 'native-tests' : 'Release');
}

async function main(args) {
  const targets = args.filter((arg) => !arg.startsWith('-'));
  const unknown = targets.find((name) => !crossTargets[name]);
  if (unknown || !targets.length) {
    throw new Error(`Expected targets among ${Object.keys(crossTargets).join(', ')}${unknown ? `, got ${unknown}` : ''}.`);
  }
  for (const target of targets) await crossBuild(target, { tests: args.includes('--tests') });
}

if (isMain(import.meta.url)) await main(process.argv.slice(2)).catch(fail);
