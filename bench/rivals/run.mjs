import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { here } from './paths.mjs';

/** Measures the field in a process of its own, its progress on stderr; resolves to the tables and the figures behind them. */
export async function runRivals({ rounds } = {}) {
  const options = rounds ? ['--rounds', String(rounds)] : [];
  const child = spawn(process.execPath, [here('main.mjs'), ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error('The rivals could not be measured: their last line above says why.');
  return { markdown: readFileSync(here('build', 'report.md'), 'utf8'), ...JSON.parse(readFileSync(here('build', 'report.json'), 'utf8')) };
}
