// The whole gate, processes and all, around the addon with a GPU that fails on command.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeTinyModel } from '../goldens/tiny-models.js';
import { faultyAddon, runWithFault } from './faulty-addon.js';

interface Loaded {
  device?: 'gpu' | 'cpu';
  reason?: string;
  logit?: number;
  code?: string;
  message?: string;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'gate-'));
  writeTinyModel(folder, 'tiny');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A new process on one machine, whose GPU fails as `fault` says. */
async function load(fault: string, { device = 'auto', env = {} }: { device?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { code, stdout, stderr } = await runWithFault('gate', fault, [folder, device], {
    MLX_RERANK_NATIVE: faultyAddon,
    XDG_CACHE_HOME: folder,
    ...env,
  });
  expect(code, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as Loaded), stderr };
}

const good = 'none@0';

describe('on first use', () => {
  test('a GPU that is right is used, and its form is kept', async () => {
    const first = await load(good);
    expect(first).toMatchObject({ device: 'gpu', stderr: '' });
    expect(first.reason).toMatch(/^The faulty GPU passed\. Attention (plain|padded), the fastest when this machine was checked/);
    expect(existsSync(path.join(folder, 'mlx-rerank', 'gpu-gate.json'))).toBe(true);
    expect((await load(good)).reason).toBe(first.reason); // times and all: it was not checked again
  });

  test.for([
    ['wrong@1', /did not pass its check \(attention plain: it gave logit .* where the CPU gives/],
    ['throw@1', /did not pass its check \(attention plain: \[METAL\] Command buffer execution failed/],
    ['hang@1', /did not pass its check: the GPU gave no answer/],
    ['crash@1', /the process that checked the GPU ended with SIGABRT/],
  ] as const)('%s ends on the CPU, in the child alone, and stays there', async ([fault, reason]) => {
    const right = await load(good, { env: { MLX_RERANK_METAL: 'off' } });
    const first = await load(fault);
    expect(first).toMatchObject({ device: 'cpu', logit: right.logit, stderr: '' });
    expect(first.reason).toMatch(reason);
    expect(await load(good)).toEqual(first);
    expect(await load(good, { device: 'gpu' })).toMatchObject({ code: 'ERR_DEVICE', message: expect.stringMatching(reason) });
  });
});

describe('after a check that went well', () => {
  test.for([
    ['hang@1', /gave no answer/, true],
    ['wrong@1', /where the CPU gives/, false],
  ] as const)('%s at a later load ends on the CPU', async ([fault, reason, kept]) => {
    await load(good);
    const later = await load(fault);
    expect(later).toMatchObject({ device: 'cpu' });
    expect(later.reason).toMatch(reason);
    expect(later.stderr.includes('RerankerWarning')).toBe(kept);
    expect((await load(good)).device).toBe(kept ? 'cpu' : 'gpu');
  });
});
