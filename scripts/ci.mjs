// What .ci/run runs: npm test in full, then the gates too slow for it. Each is timed; the last line adds up all counts.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { nativeTestsOnArm64 } from './arm64.mjs';
import { runHere } from './command.mjs';
import { macAddonFromLinux } from './darwin.mjs';
import { inRoot, onPath } from './paths.mjs';
import { pythonEnv } from './python-env.mjs';
import {
  lifetimesUnderAddressSanitizer, nativeTestsUnderAddressSanitizer, nativeTestsUnderThreadSanitizer,
} from './sanitizers.mjs';
import { table, total } from './suites.mjs';

// RERANK_SLOW_GATES=1: every race and golden in full as well.
if (process.env.RERANK_SLOW_GATES === '1') process.env.RERANK_FULL = '1';

const gates = {
  'npm test': npmTest,
  'native tests, ASan and UBSan': nativeTestsUnderAddressSanitizer,
  'native tests, TSan': nativeTestsUnderThreadSanitizer,
  'native tests, arm64': nativeTestsOnArm64,
  'Mac addon, built on Linux': macAddonFromLinux,
  'lifetimes, ASan and UBSan': lifetimesUnderAddressSanitizer,
};

async function npmTest() {
  const summary = inRoot('build', 'test-results', 'summary.json');
  rmSync(summary, { force: true });
  const PYTHON = process.env.PYTHON ?? await pythonEnv();
  const exit = await runHere(onPath('npm'), ['test'], { env: { ...process.env, PYTHON } });
  const counts = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : { passed: 0, failed: 0, skipped: 0 };
  return { ...counts, failed: exit === 0 ? counts.failed : Math.max(counts.failed, 1) };
}

/** The counts of one gate; one that breaks or runs nothing has failed. */
async function outcome(gate) {
  const nothing = { passed: 0, failed: 1, skipped: 0 };
  try {
    const counts = await gate();
    if (counts.passed + counts.failed > 0) return counts;
    process.stdout.write('This gate ran no test.\n');
  } catch (error) {
    process.stdout.write(`${error.message}\n`);
  }
  return nothing;
}

const results = [];
for (const [name, gate] of Object.entries(gates)) {
  process.stdout.write(`\n==== ${name}\n`);
  const began = performance.now();
  const { passed, failed, skipped } = await outcome(gate);
  results.push({ name, passed, failed, skipped, minutes: (performance.now() - began) / 60_000 });
}

const { passed, failed, skipped } = total(results);
process.stdout.write(`\n${table(results)}\n\n${skipped ? `${skipped} skipped\n` : ''}`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed) process.exitCode = 1;
