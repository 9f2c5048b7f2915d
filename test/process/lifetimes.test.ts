import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTinyModel } from '../goldens/tiny-models.js';

// Each scenario is a race, so one clean run proves little.
const preload = process.env['RERANK_PRELOAD'];
const repeats = preload ? 3 : process.env['RERANK_FULL'] === '1' ? 50 : 10;
const hangMs = 60_000;

const scenarios = {
  'natural-exit': 0,
  'exit-mid-batch': 7,
  'exit-mid-load': 7,
  'throw-mid-batch': 7,
  'close-mid-batch': 0,
  'collect-unclosed': 0,
  'several-models': 0,
  'under-way': 0,
  workers: 0,
  'only-in-workers': 0,
};

interface Ending {
  code: number | null;
  signal: string | null;
  stderr: string;
}

/** Under a sanitizer its runtime is loaded first. Leaks count only where Node itself leaves none: at an orderly end. */
function environment(code: number): NodeJS.ProcessEnv {
  if (!preload) return process.env;
  return { ...process.env, LD_PRELOAD: preload, ASAN_OPTIONS: `detect_leaks=${code === 0 ? 1 : 0}` };
}

function run(scenario: string, addon: string, model: string, code: number): Promise<Ending> {
  const script = path.join(__dirname, 'scenarios', `${scenario}.cjs`);
  const child = spawn(process.execPath, ['--expose-gc', script, addon, model], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(code),
    timeout: hangMs,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}

let model: string;
beforeAll(() => {
  model = mkdtempSync(path.join(tmpdir(), 'lifetimes-'));
  writeTinyModel(model, 'tiny');
});
afterAll(() => rmSync(model, { recursive: true, force: true }));

describe.each(['mlx_rerank_cpu', 'mlx_rerank'])('%s', (addon) => {
  test.for(Object.entries(scenarios))('%s', { timeout: repeats * hangMs }, async ([scenario, code]) => {
    for (let round = 0; round < repeats; round++) {
      expect(await run(scenario, addon, model, code), `round ${round}`).toEqual({ code, signal: null, stderr: '' });
    }
  });
});
