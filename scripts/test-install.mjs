// npm run test:install: packs everything (--packed: takes build/packages as it is), installs the packages from a registry of
// its own into empty folders, and runs them. Minutes and a registry to pass requests on to are needed; Linux x64 only.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installTools, toolsFolder } from './install-tools.mjs';
import { packParts, releaseParts } from './pack/main.mjs';
import { isMain } from './paths.mjs';
import { fail } from './progress.mjs';
import { setUp } from './setup.mjs';
import { runVitest, table } from './suites.mjs';

/** Resolves to counts as every suite does. */
export async function installTests({ packed = false, filters = [] } = {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('The install tests run on Linux x64.');
  await setUp();
  await installTools();
  if (!packed) await packParts(releaseParts);
  return runVitest('install', { config: path.join(toolsFolder, 'vitest.config.mts'), filters });
}

async function main() {
  const { values, positionals } = parseArgs({ options: { packed: { type: 'boolean' } }, allowPositionals: true });
  const { minutes, ...counts } = await installTests({ packed: values.packed, filters: positionals });
  process.stdout.write(`\n${table([{ minutes, ...counts }])}\n\n${counts.skipped ? `${counts.skipped} skipped\n` : ''}`);
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  if (counts.failed || !counts.passed) process.exitCode = 1;
}

if (isMain(import.meta.url)) await main().catch(fail);
