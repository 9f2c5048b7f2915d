import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NativeLoadOptions } from '../../../lib/native/addon.js';
import { runGateProcess } from '../../../lib/native/gate-process.js';

const options: NativeLoadOptions = { device: 'gpu', path: 'mlx', dtype: 'auto', tokenizerSize: 0 };
const trial = { dtype: 'float16', tolerance: 0.08, cpuMs: 3, forms: [{ name: 'plain', maxError: 0, ms: 1 }] };

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'gate-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a child of this text in place of the real one. */
function run(text: string, patienceMs = 20_000) {
  const entry = join(folder, `${Math.random()}.cjs`);
  writeFileSync(entry, text);
  return runGateProcess('/models/some', options, { entry, patienceMs });
}

const started = `process.send({ started: true });`;
const stayAlive = `setInterval(() => {}, 1000);`;

describe('the process that tries a GPU', () => {
  it('is told the model and the options, and answers', async () => {
    const echo = `${started} const [, , folder, options] = process.argv;
      process.send({ error: { code: 'ERR_DEVICE', message: [folder, options, process.env.MLX_RERANK_GATE_CHILD].join(' ') } }); ${stayAlive}`;
    const message = `/models/some ${JSON.stringify(options)} 1`;
    expect(await run(echo)).toEqual({ kind: 'failed', code: 'ERR_DEVICE', message });
    expect(await run(`${started} process.send({ trial: ${JSON.stringify(trial)} }); ${stayAlive}`)).toEqual({
      kind: 'tried',
      trial,
    });
  });

  it('hangs', async () => {
    expect(await run(`${started} for (;;);`, 1_000)).toEqual({ kind: 'hung', seconds: 1 });
  });

  it('crashes, and what it wrote last is kept', async () => {
    const abort = `${started} process.stderr.write('failed assertion', () => process.kill(process.pid, 'SIGABRT')); ${stayAlive}`;
    expect(await run(abort)).toEqual({ kind: 'crashed', how: 'SIGABRT', stderr: 'failed assertion' });
    expect(await run(`${started} process.exitCode = 7;`)).toMatchObject({ kind: 'crashed', how: 'exit code 7' });
  });

  it('never gets as far as the GPU', async () => {
    expect(await run(`process.exit(0);`)).toMatchObject({ kind: 'not-run', why: expect.stringContaining('exit code 0') });
    expect(await run(stayAlive, 300)).toMatchObject({ kind: 'not-run' });
    expect(await runGateProcess('/models/some', options, { entry: join(folder, 'gone.js') })).toMatchObject({
      kind: 'not-run',
      why: expect.stringContaining('gone.js'),
    });
  });
});
