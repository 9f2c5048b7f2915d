import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Reranker } from '../../../dist/index.js';
import { runCli } from '../cli/run-cli.js';
import { query, tinyFolder } from '../tiny-reranker.js';
import { HubServer, sha256 } from './hub-server.js';

const name = 'owner/tiny';
const scratch = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
const modelFolder = tinyFolder();
const weightsHash = sha256(readFileSync(join(modelFolder, 'model.safetensors')));
let hub: HubServer;
let logits: number[];

beforeAll(async () => {
  hub = await HubServer.start();
  const files = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
  hub.add(name, Object.fromEntries(files.map((file) => [file, readFileSync(join(modelFolder, file))])));
  const reranker = await Reranker.load(modelFolder, { dtype: 'float32', path: 'cpu' });
  logits = await reranker.score([[query, 'bread'], [query, 'fire stone']], { activation: 'identity' });
  await reranker.close();
});
afterAll(() => hub.stop());

/** The environment of a process that knows the stand-in as published so. */
function environment(known: object): Record<string, string> {
  const file = join(scratch, 'known.json');
  writeFileSync(file, JSON.stringify({ models: [{ id: name, ...known }] }));
  return { MLX_RERANK_KNOWN_MODELS: file, HF_ENDPOINT: hub.url, HF_HUB_OFFLINE: '', HF_HUB_CACHE: join(scratch, 'cache'), HF_TOKEN: '' };
}

const published = (offset = 0) => ({
  source: 'a test',
  pairs: [{ query, document: 'bread', logit: logits[0]! }, { query, document: 'fire stone', logit: logits[1]! + offset }],
});

describe('pull and doctor compare a model with what is published', () => {
  it.each<[string, () => object, number, RegExp]>([
    ['all as published', () => ({ sha256: weightsHash, published: published() }), 0, /check passed: weights have the published hash; 2 published scores/],
    ['a hash of another revision', () => ({ sha256: 'x', revision: 'y', published: published() }), 0, /no hash of the weights is published, skipped/],
    ['nothing published', () => ({}), 0, /check skipped: no hash.*skipped; no scores are published, skipped/],
    ['another score', () => ({ published: published(0.01) }), 5, /check failed/],
    ['another hash', () => ({ sha256: '0'.repeat(64), published: published() }), 5, /DIFFER/],
  ])('%s', async (_, known, code, message) => {
    const env = environment(known());
    const pulled = await runCli(['pull', name], { env });
    expect(pulled.code, pulled.stderr).toBe(code);
    expect(pulled.stdout).toMatch(message);
    const doctor = await runCli(['doctor', '--model', name], { env });
    expect(doctor.stdout).toMatch(message);
  });

  it('models/known.json says what is known of the starter model and of the default', () => {
    const { models } = JSON.parse(readFileSync('models/known.json', 'utf8')) as { models: any[] };
    const starter = models.find(({ id }) => id === 'starter');
    expect(starter.sha256).toBe(sha256(readFileSync('models/starter/model.safetensors')));
    const standard = models.find(({ id }) => id === 'cross-encoder/ms-marco-MiniLM-L6-v2');
    expect(standard.published.pairs.map(({ logit }: { logit: number }) => logit)).toEqual([8.607138, -4.320078]);
  });
});

describe('verify:hub', () => {
  const run = (python: string, known: object) =>
    promisify(execFile)(process.execPath, ['scripts/verify-hub.mjs', '--python', python], { env: { ...process.env, ...environment(known) } }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
    );

  /** Stands in for Python: our own float32 logits, moved by an offset. */
  function standIn(offset: number): string {
    const file = join(scratch, `reference-${offset}.mjs`);
    writeFileSync(file, `#!${process.execPath}
import { text } from 'node:stream/consumers';
import { Reranker } from ${JSON.stringify(join(process.cwd(), 'dist', 'index.mjs'))};
const { folder, pairs } = JSON.parse(await text(process.stdin));
const reranker = await Reranker.load(folder, { path: 'cpu', dtype: 'float32' });
const logits = await reranker.score(pairs, { activation: 'identity' });
console.log(JSON.stringify(logits.map((logit, i) => (i === 3 ? logit + ${offset} : logit))));
await reranker.close();`, { mode: 0o755 });
    return file;
  }

  it('passes what is right and says what is not', async () => {
    const right = await run(standIn(0), { published: published() });
    expect(right.stdout).toMatch(/float32 +right: .*published scores passed/);
    expect(right.stdout).toContain(weightsHash);
    expect(right.code).toBe(0);
    const wrong = await run(standIn(0.001), { published: published() });
    expect(wrong.stdout).toMatch(/float32 +WRONG/);
    expect(wrong.code).toBe(1);
    expect((await run(standIn(0), { published: published(0.01) })).stdout).toMatch(/float32 +WRONG: .*published scores failed/);
  });

  const python = process.env.PYTHON ?? 'python3';
  const reference = findReference();

  it.skipIf(reference === undefined)(`agrees with ${reference?.name ?? 'Python'}`, async () => {
    const { code, stdout } = await run(reference!.command, { published: published() });
    expect(stdout).toMatch(/float32 +right/);
    expect(code).toBe(0);
  });

  /** Where there is no torch, a forward pass in numpy takes the place of scripts/verify_hub.py. */
  function findReference(): { name: string; command: string } | undefined {
    if (hasModules('torch', 'transformers')) return { name: 'transformers', command: python };
    if (hasModules('numpy', 'tokenizers', 'safetensors')) {
      const command = join(scratch, 'python');
      const script = join(process.cwd(), 'test', 'python', 'reference_logits.py');
      writeFileSync(command, `#!/bin/sh\nexec '${python}' '${script}'\n`, { mode: 0o755 });
      return { name: 'a forward pass in numpy', command };
    }
    console.warn(`SKIPPED: ${python} has neither torch and transformers nor numpy, tokenizers and safetensors. ` +
      'PYTHON names another; scripts/python-env.mjs makes one.');
    return undefined;
  }

  function hasModules(...modules: string[]): boolean {
    const code = `import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ${JSON.stringify(modules)})))`;
    try {
      execFileSync(python, ['-c', code], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }
});
