import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runHere } from './command.mjs';
import { inRoot } from './paths.mjs';

/** The projects of vitest.config.mts, each the folder test/<name>. */
export const vitestSuites = ['unit', 'goldens', 'native', 'process', 'e2e', 'package', 'types'];

const resultsFolder = inRoot('build', 'test-results');
const longestNativeTestMs = 10 * 60_000;

/** Runs one vitest project, of the usual configuration or of another one; resolves to its counts. */
export async function runVitest(project, { name = project, env, config, filters = [] } = {}) {
  if (!hasTests(inRoot('test', project))) return { name, passed: 0, failed: 0, skipped: 0, minutes: 0, missing: true };
  return timed(name, async (report) => {
    const exit = await runHere(process.execPath, [
      inRoot('node_modules', 'vitest', 'vitest.mjs'), 'run', ...filters, '--project', project, ...(config ? ['--config', config] : []),
      '--reporter=default', '--reporter=json', `--outputFile.json=${report}`,
    ], { env: { ...process.env, ...env } });
    return vitestCounts(report, exit);
  });
}

/** Runs every GoogleTest program of a folder, each behind the command `emulator`; resolves to their counts. */
export async function runGoogleTests(folder, { name = 'gtest', env, emulator = [] } = {}) {
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const programs = entries.filter((entry) => entry.isFile());
  const all = { name, passed: 0, failed: 0, skipped: 0, minutes: 0, missing: programs.length === 0 };
  for (const { name: program } of programs) {
    const one = await timed(`${name}-${program}`, async (report) => {
      const [command, ...args] = [...emulator, path.join(folder, program), '--gtest_brief=1', `--gtest_output=json:${report}`];
      const exit = await runHere(command, args, { env: { ...process.env, ...env }, timeoutMs: longestNativeTestMs });
      return googleTestCounts(report, exit);
    });
    for (const key of ['passed', 'failed', 'skipped', 'minutes']) all[key] += one[key];
  }
  return all;
}

/** One line for each suite, under a line of headings. */
export function table(results) {
  const rows = [['suite', 'passed', 'failed', 'skipped', 'minutes'],
    ...results.map(({ name, passed, failed, skipped, minutes, missing }) =>
      [name, ...(missing ? ['none', '', '', ''] : [passed, failed, skipped, minutes.toFixed(1)])])];
  const widest = Math.max(...rows.map(([name]) => name.length));
  const line = ([name, ...cells]) => `${name.padEnd(widest)}${cells.map((cell) => String(cell).padStart(9)).join('')}`;
  return rows.map(line).join('\n');
}

export function total(results) {
  const sum = (key) => results.reduce((value, result) => value + result[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

async function timed(name, run) {
  const report = path.join(resultsFolder, `${name}.json`);
  mkdirSync(resultsFolder, { recursive: true });
  rmSync(report, { force: true });
  process.stdout.write(`\n== ${name}\n`);
  const began = performance.now();
  const counts = await run(report);
  return { name, ...counts, minutes: (performance.now() - began) / 60_000 };
}

function vitestCounts(report, exit) {
  const { testResults = [], ...counts } = readReport(report);
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = counts;
  // A file that does not load, or whose hook fails, has no failed test of its own.
  const brokenFiles = testResults.filter(({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed')).length;
  const failed = numFailedTests + brokenFiles;
  return withExit({ passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests }, exit);
}

function googleTestCounts(report, exit) {
  const cases = (readReport(report).testsuites ?? []).flatMap((suite) => suite.testsuite);
  const failed = cases.filter((test) => test.failures?.length).length;
  const skipped = cases.filter((test) => test.status === 'NOTRUN' || test.result === 'SKIPPED').length;
  return withExit({ passed: cases.length - failed - skipped, failed, skipped }, exit);
}

/** A runner that ends badly without a failed test (a crash, a leak, an error outside of tests) is one failure. */
function withExit(counts, exit) {
  if (exit === 0 || counts.failed > 0) return counts;
  process.stdout.write(`ended with ${typeof exit === 'number' ? `exit code ${exit}` : exit}, though no test failed\n`);
  return { ...counts, failed: 1 };
}

const readReport = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});

function hasTests(folder) {
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((file) => /\.test(-d)?\.m?ts$/.test(file));
}
