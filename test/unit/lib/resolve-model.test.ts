import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hubCacheFolder } from '../../../lib/model/hub-cache.js';
import { resolveModel } from '../../../lib/model/resolve.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
  vi.stubEnv('HF_HUB_OFFLINE', '1');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A cache as Hugging Face tools leave it. */
function cachedModel(cache: string, ref = 'main'): string {
  const root = join(cache, 'models--owner--name');
  const snapshot = join(root, 'snapshots', commit);
  mkdirSync(snapshot, { recursive: true });
  for (const file of ['config.json', 'tokenizer.json', 'model.safetensors']) writeFileSync(join(snapshot, file), '');
  mkdirSync(join(root, 'refs', ref, '..'), { recursive: true });
  writeFileSync(join(root, 'refs', ref), `${commit}\n`);
  return snapshot;
}

describe('the name of a model', () => {
  it('may be a folder, however it is written', async () => {
    const expected = { id: folder, folder };
    expect(await resolveModel(folder)).toEqual(expected);
    const dotted = relative(process.cwd(), folder);
    expect(dotted).toMatch(/^\.\.\//);
    expect(await resolveModel(dotted)).toEqual(expected);
    expect(await resolveModel(pathToFileURL(folder).href)).toEqual(expected);
    expect(await resolveModel(pathToFileURL(folder))).toEqual(expected);
  });

  it('may be the starter model in the package', async () => {
    const starter = await resolveModel('starter');
    expect(starter.id).toBe('starter');
    expect(relative(process.cwd(), starter.folder)).toBe(join('models', 'starter'));
  });

  it('may be a hub id that the cache holds, by branch, commit or pull request', async () => {
    const snapshot = cachedModel(folder);
    cachedModel(folder, 'refs/pr/3');
    const expected = { id: 'owner/name', folder: snapshot, revision: commit };
    expect(await resolveModel('owner/name', { cacheDir: folder })).toEqual(expected);
    expect(await resolveModel('owner/name', { cacheDir: folder, revision: commit })).toEqual(expected);
    expect(await resolveModel('owner/name', { cacheDir: folder, revision: 'refs/pr/3' })).toEqual(expected);
    vi.stubEnv('HF_HUB_CACHE', folder);
    expect(await resolveModel('owner/name')).toEqual(expected);
  });

  it('of a hub model that is not cached is refused with where it was looked for and what works offline', async () => {
    cachedModel(folder);
    for (const options of [{ revision: 'v2' }, { revision: 'f'.repeat(40) }]) {
      await expect(resolveModel('owner/name', { cacheDir: folder, ...options })).rejects.toMatchObject({
        code: 'ERR_MODEL_NOT_FOUND',
        message: expect.stringContaining(options.revision),
      });
    }
    const error = resolveModel('owner/other', { cacheDir: folder });
    await expect(error).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
    await expect(error).rejects.toThrow(folder);
    await expect(error).rejects.toThrow("'starter'");
  });

  it('of a folder that is not there is refused', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const name of [join(folder, 'none'), join(folder, 'file')]) {
      await expect(resolveModel(name)).rejects.toMatchObject({
        code: 'ERR_MODEL_NOT_FOUND',
        message: expect.stringContaining(name),
      });
    }
  });

  it.each([
    'name', '', 'a/b/c', 'owner/..', 'owner/na--me', 'owner/name ', 'http://example.com/a', '~/model',
    'Starter', 7, null, {}, ['owner/name'],
  ])('of no known form is refused with the three forms: %j', async (name) => {
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/owner\/name.*folder.*'starter'/),
    });
  });

  it('of a URL that is no file is refused', async () => {
    await expect(resolveModel(new URL('https://example.com/model'))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('the hub cache', () => {
  it.each([
    [{ HF_HUB_CACHE: '/a', HF_HOME: '/b' }, '/a'],
    [{ HUGGINGFACE_HUB_CACHE: '/a' }, '/a'],
    [{ HF_HOME: '/b', XDG_CACHE_HOME: '/c' }, '/b/hub'],
    [{ XDG_CACHE_HOME: '/c' }, '/c/huggingface/hub'],
  ])('is where Hugging Face tools keep it: %o', (env, expected) => {
    expect(hubCacheFolder(env)).toBe(expected);
  });

  it('is in the home folder otherwise', () => {
    expect(hubCacheFolder({})).toMatch(/\.cache\/huggingface\/hub$/);
  });
});
