// npm test: set-up, every suite, and as last line `N passed, N failed`. npm test -- --only unit runs one suite; --only can
// be repeated. RERANK_FULL=1, set by .ci/run, asks for every suite to exist and lets suites repeat and score more.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inRoot } from './paths.mjs';
import { fail } from './progress.mjs';
import { setUp } from './setup.mjs';
import { runGoogleTests, runVitest, table, total, vitestSuites } from './suites.mjs';

const native = 'gtest';

async function main() {
  const suites = chosenSuites();
  await setUp({ tests: true });
  const results = [];
  for (const suite of suites) {
    results.push(suite === native ? await runGoogleTests(inRoot('build', 'native-tests')) : await runVitest(suite));
  }
  const complaints = whatIsMissing(results);
  const { passed, failed, skipped } = total(results);
  const summary = { passed, failed: failed + complaints.length, skipped, results };
  mkdirSync(inRoot('build', 'test-results'), { recursive: true });
  writeFileSync(inRoot('build', 'test-results', 'summary.json'), JSON.stringify(summary));

  process.stdout.write(`\n${table(results)}\n\n${complaints.map((line) => `${line}\n`).join('')}`);
  process.stdout.write(`${skipped ? `${skipped} skipped\n` : ''}${passed} passed, ${summary.failed} failed\n`);
  if (summary.failed) process.exitCode = 1;
}

function chosenSuites() {
  const all = [...vitestSuites, native];
  const { values: { only } } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
  const unknown = only?.find((name) => !all.includes(name));
  if (unknown) throw new Error(`there is no suite ${unknown}; the suites are ${all.join(', ')}`);
  return only ?? all;
}

/** A run that tested nothing must not look like a good one. */
function whatIsMissing(results) {
  const ran = ({ passed, failed }) => passed + failed > 0;
  const complaints = [];
  const nativeResults = results.filter(({ name }) => name === native);
  const vitestResults = results.filter(({ name }) => name !== native);
  if (vitestResults.length && !vitestResults.some(ran)) complaints.push('vitest ran no test');
  if (nativeResults.length && !nativeResults.some(ran)) complaints.push('no native test ran');
  if (process.env.RERANK_FULL) {
    complaints.push(...vitestResults.filter((result) => !ran(result)).map(({ name }) => `the suite ${name} ran no test`));
  }
  return complaints;
}

await main().catch(fail);
