// The gate's own program, as it is installed. Where MLX sees no GPU, it says so; where it does, it tries it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { NativeLoadOptions } from '../../lib/native/addon.js';
import { runGateProcess } from '../../lib/native/gate-process.js';

const root = path.join(__dirname, '..', '..');
const entry = path.join(root, 'dist', 'native', 'gate-child.js');
const options: NativeLoadOptions = { device: 'gpu', path: 'mlx', dtype: 'auto', tokenizerSize: 0 };

// Under a sanitizer its runtime is loaded first, into what is started here.
if (process.env['RERANK_PRELOAD']) process.env['LD_PRELOAD'] = process.env['RERANK_PRELOAD'];

test('runs, loads the addon and answers', async () => {
  expect(existsSync(entry)).toBe(true);
  const outcome = await runGateProcess(path.join(root, 'models', 'starter'), options, { entry });
  if (outcome.kind === 'tried') {
    expect(outcome.trial.forms.map((form) => form.name)).toEqual(['plain', 'padded', 'paired']);
    expect(outcome.trial.cpuMs).toBeGreaterThan(0);
  } else {
    expect(outcome).toEqual({ kind: 'failed', code: 'ERR_DEVICE', message: 'MLX finds no GPU' });
  }
});

test('reports a model that cannot be loaded as such', async () => {
  const outcome = await runGateProcess(path.join(root, 'models', 'gone'), options, { entry });
  expect(outcome).toMatchObject({ kind: 'failed', code: expect.stringMatching(/^ERR_MODEL_/) });
});
