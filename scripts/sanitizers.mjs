import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { buildNative, outputFolder } from './build-native.mjs';
import { inRoot } from './paths.mjs';
import { step } from './progress.mjs';
import { runGoogleTests, runVitest } from './suites.mjs';

const memory = {
  ASAN_OPTIONS: 'detect_leaks=1',
  LSAN_OPTIONS: `suppressions=${inRoot('scripts', 'lsan-suppressions.txt')}:print_suppressions=0:use_tls=0`,
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
};
// libmlx is not instrumented: how its own threads hand work to each other cannot be seen, and is left out.
const races = { TSAN_OPTIONS: 'halt_on_error=1:ignore_noninstrumented_modules=1' };

/** AddressSanitizer with its leak check, and UndefinedBehaviorSanitizer, over everything below the binding. */
export async function nativeTestsUnderAddressSanitizer() {
  await build('address');
  return runGoogleTests(path.join(outputFolder('address'), 'native-tests'), { name: 'gtest-asan', env: memory });
}

/** The same over the addons inside Node, through the lifetime tests. */
export async function lifetimesUnderAddressSanitizer() {
  await build('address');
  return runVitest('process', {
    name: 'process-asan',
    filters: ['lifetimes'],
    env: {
      ...memory,
      // Node is not built with the sanitizer: the tests load the sanitizer's runtime before it into what they start.
      RERANK_PRELOAD: runtimeLibrary('libasan.so'),
      MLX_RERANK_NATIVE: path.join(outputFolder('address'), 'Release'),
    },
  });
}

/** ThreadSanitizer over everything below the binding. */
export async function nativeTestsUnderThreadSanitizer() {
  await build('thread');
  return runGoogleTests(path.join(outputFolder('thread'), 'native-tests'), { name: 'gtest-tsan', env: races });
}

const build = (sanitize) =>
  step(`native code, ${sanitize} sanitizer`, (onProgress) => buildNative({ sanitize, onProgress }));

function runtimeLibrary(name) {
  const compiler = process.env.CXX ?? 'g++';
  const { stdout } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' });
  if (stdout?.startsWith('/')) return stdout.trim();
  throw new Error(`${compiler} has no ${name}. Debian: it comes with g++; Fedora: sudo dnf install libasan.`);
}
