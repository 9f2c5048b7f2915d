import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Verdict } from '../../../lib/native/gpu-verdict.js';
import { VerdictCache, verdictFile } from '../../../lib/native/verdict-cache.js';

const gpu: Verdict = { use: 'gpu', attention: 'padded', ms: { plain: 2, padded: 1 } };
const cpu: Verdict = { use: 'cpu', reason: 'it hung' };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verdicts-'));
  file = join(folder, 'below', 'gpu-gate.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('kept verdicts', () => {
  it('are there for the next process, each under its key', async () => {
    const cache = new VerdictCache(file);
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.set('a', gpu)).toBe(true);
    expect(await cache.set('b', cpu)).toBe(true);
    expect(await new VerdictCache(file).get('a')).toEqual(gpu);
    expect(await new VerdictCache(file).get('b')).toEqual(cpu);
    await cache.set('a', cpu);
    expect(await cache.get('a')).toEqual(cpu);
    expect(readdirSync(dirname(file))).toEqual(['gpu-gate.json']);
  });

  it.each([
    ['empty', ''],
    ['half of it', '{"verdicts": {"a": {"use": "gp'],
    ['something else', '[1, 2]'],
    ['a use nobody knows', '{"verdicts": {"a": {"use": "tpu"}}}'],
    ['a form nobody knows', '{"verdicts": {"a": {"use": "gpu", "attention": "flash", "ms": {}}}}'],
  ])('are none in a damaged file (%s), which is replaced', async (_, text) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const cache = new VerdictCache(file);
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', gpu);
    expect(await cache.get('a')).toEqual(gpu);
  });

  it('do not grow without end; the oldest go', async () => {
    const cache = new VerdictCache(file);
    for (let i = 0; i < 70; i++) await cache.set(`key ${i}`, gpu);
    expect(Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { verdicts: object }).verdicts)).toHaveLength(64);
    expect(await cache.get('key 0')).toBeUndefined();
    expect(await cache.get('key 69')).toEqual(gpu);
  });

  it('cannot be kept where nothing can be written, which is no error', async () => {
    const obstacle = join(folder, 'file');
    writeFileSync(obstacle, '');
    chmodSync(obstacle, 0o444);
    const cache = new VerdictCache(join(obstacle, 'gpu-gate.json'));
    expect(await cache.set('a', gpu)).toBe(false);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('lie where the platform keeps caches', () => {
    const below = join('mlx-rerank', 'gpu-gate.json');
    expect(verdictFile({}, 'linux')).toBe(join(homedir(), '.cache', below));
    expect(verdictFile({}, 'darwin')).toBe(join(homedir(), 'Library', 'Caches', below));
    expect(verdictFile({ XDG_CACHE_HOME: '/cache' }, 'linux')).toBe(join('/cache', below));
    expect(verdictFile({ XDG_CACHE_HOME: 'not/absolute' }, 'linux')).toBe(join(homedir(), '.cache', below));
  });
});
