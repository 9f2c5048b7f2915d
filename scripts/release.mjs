// npm run release -- 1.2.3: checks everything, gives all packages that version, dates the changelog entry, and packs the
// tarballs into build/packages. It publishes nothing: pushing the tag v1.2.3 starts .github/workflows/release.yml, which does.
// --quick leaves .ci/run and the install tests out, to try the command itself; --unaudited leaves out npm audit, which some
// registries do not answer.
import { readFileSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runHere } from './command.mjs';
import { makeApiReference } from './docs-api.mjs';
import { packParts, releaseParts } from './pack/main.mjs';
import { inRoot, isMain, onPath } from './paths.mjs';
import { fail, step } from './progress.mjs';
import { installTests } from './test-install.mjs';

const semver = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?$/;
const versionFiles = ['package.json', 'package-lock.json'];

async function main() {
  const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean' }, unaudited: { type: 'boolean' } }, allowPositionals: true });
  const version = positionals[0];
  const { version: current } = readJson('package.json');
  if (!semver.test(version ?? '')) throw new Error(`Expected the new version, as in npm run release -- 1.2.3; it is ${current} now.`);
  if (compare(version, current) < 0) throw new Error(`${version} is older than ${current}, the version now.`);
  const changed = git('status', '--porcelain');
  if (changed) throw new Error(`Commit or discard first:\n${changed}`);
  const changelog = datedChangelog(readFileSync(inRoot('CHANGELOG.md'), 'utf8'), version, today());

  if (!values.unaudited) audit();
  for (const file of versionFiles) writeFileSync(inRoot(file), withVersion(file, version));
  writeFileSync(inRoot('CHANGELOG.md'), changelog);
  if (!values.quick) mustPass('.ci/run', await runHere(inRoot('.ci', 'run'), []) === 0);
  await step('API reference', makeApiReference);
  const records = await packParts(releaseParts);
  if (!values.quick) mustPass('npm run test:install', (await installTests({ packed: true })).failed === 0);
  for (const { filename, integrity } of records) process.stdout.write(`${filename}  ${integrity}\n`);
  const unchecked = [values.quick && '.ci/run and the install tests', values.unaudited && 'vulnerabilities of the dependencies'];
  for (const what of unchecked.filter(Boolean)) process.stdout.write(`Not checked: ${what}.\n`);
  process.stdout.write(`\nChecked and packed in build/packages. To publish: git commit -am "${version}", git tag v${version}, git push origin HEAD v${version}.\n`);
}

/** Fails on a known vulnerability of what users install, and when nobody can say whether there is one. */
function audit() {
  const { stdout, stderr } = spawnSync(onPath('npm'), ['audit', '--omit=dev', '--json'], { cwd: inRoot(), encoding: 'utf8' });
  const { metadata, error, message } = parsed(stdout) ?? {};
  const found = metadata?.vulnerabilities;
  if (!found) throw new Error(`npm audit: no answer (${error?.summary || message || stderr.trim()}). With --unaudited this goes on without.`);
  if (found.high + found.critical > 0) throw new Error(`npm audit: ${found.high} high, ${found.critical} critical.`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mustPass(name, passed) {
  if (passed) return;
  const undo = `git checkout ${[...versionFiles, 'CHANGELOG.md'].join(' ')}`;
  throw new Error(`${name} failed. Take back what this has written (${undo}), fix it, and run this again.`);
}

/** The changelog with its newest entry, `## 1.2.3 (unreleased)`, dated; it must be of this version and say something. */
export function datedChangelog(text, version, date) {
  const [heading, found, state] = /^## (\S+) \((.+)\)$/m.exec(text) ?? [];
  if (found === version && state !== 'unreleased') return text;
  if (state !== 'unreleased') throw new Error(`CHANGELOG.md: expected a first entry "## ${version} (unreleased)", found ${heading ?? 'none'}.`);
  const entry = text.slice(text.indexOf(heading) + heading.length).split(/^## /m)[0];
  if (!/^- /m.test(entry)) throw new Error('CHANGELOG.md: the unreleased entry says nothing.');
  return text.replace(heading, `## ${version} (${date})`);
}

/** Only the version changes, so that the rest of the file stays as it was written. */
function withVersion(file, version) {
  const text = readFileSync(inRoot(file), 'utf8');
  const { version: current } = JSON.parse(text);
  const changed = text.replaceAll(/("name": "mlx-rerank",\s+"version": )"[^"]+"/g, `$1"${version}"`);
  if (current !== version && changed === text) throw new Error(`${file}: its version was not found.`);
  return changed;
}

function compare(a, b) {
  const numbers = (version) => semver.exec(version).slice(1, 4).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

const readJson = (file) => JSON.parse(readFileSync(inRoot(file), 'utf8'));
const git = (...args) => execFileSync('git', args, { cwd: inRoot(), encoding: 'utf8' }).trim();
const today = () => new Date().toISOString().slice(0, 10);

if (isMain(import.meta.url)) await main().catch(fail);
