// What .ci/run runs: npm test in full, then the gates too slow for it. Each is timed; the last line adds up all counts.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { runHere } from './command.mjs';
import { inRoot, onPath } from './paths.mjs';
import { lifetimesUnderAddressSanitizer, nativeTestsUnderAddressSanitizer, nativeTestsUnderThreadSanitizer } from './sanitizers.mjs';
import { table, total } from './suites.mjs';

process.env.RERANK_FULL = '1';

const gates = {
  'npm test': npmTest,
  typecheck: () => passes('npm', ['run', '--silent', 'typecheck']),
  'native tests, ASan and UBSan': nativeTestsUnderAddressSanitizer,
  'lifetimes, ASan and UBSan': lifetimesUnderAddressSanitizer,
  'native tests, TSan': nativeTestsUnderThreadSanitizer,
};

async function npmTest() {
  const summary = inRoot('build', 'test-results', 'summary.json');
  rmSync(summary, { force: true });
  const exit = await runHere(onPath('npm'), ['test']);
  const { passed = 0, failed = 0, skipped = 0 } = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : {};
  return { passed, failed: exit === 0 ? failed : Math.max(failed, 1), skipped };
}

async function passes(command, args) {
  const exit = await runHere(onPath(command), args);
  return { passed: exit === 0 ? 1 : 0, failed: exit === 0 ? 0 : 1, skipped: 0 };
}

const results = [];
for (const [name, gate] of Object.entries(gates)) {
  process.stdout.write(`\n==== ${name}\n`);
  const began = performance.now();
  const counts = await gate().catch((error) => {
    process.stdout.write(`${error.message}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  const ranNothing = counts.passed + counts.failed === 0;
  if (ranNothing) process.stdout.write('this gate ran no test\n');
  results.push({ ...counts, name, failed: ranNothing ? 1 : counts.failed, minutes: (performance.now() - began) / 60_000, missing: false });
}

const { passed, failed, skipped } = total(results);
process.stdout.write(`\n${table(results)}\n\n${skipped ? `${skipped} skipped\n` : ''}${passed} passed, ${failed} failed\n`);
if (failed) process.exitCode = 1;
