import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { pull, Reranker } from '../../../dist/index.js';
import { HubCase, name, refusal } from './hub-case.js';

const at = new HubCase();

describe('refused, with what to do', () => {
  it('offline and not cached', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    for (const options of [{}, { localFilesOnly: true }]) {
      const error = await refusal(Reranker.load(name, options));
      expect(error.code).toBe('ERR_MODEL_NOT_FOUND');
      for (const part of [at.cache, "'starter'", `mlx-rerank pull ${name}`]) expect(error.message).toContain(part);
    }
    expect(at.hub.seen).toEqual([]);
  });

  it('no network and not cached', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    const error = await refusal(Reranker.load());
    expect(error).toMatchObject({ code: 'ERR_MODEL_NOT_FOUND', message: expect.stringMatching(/cannot be reached.*'starter'/) });
    expect(await refusal(pull())).toMatchObject({ code: 'ERR_DOWNLOAD' });
  });

  it('an endpoint that is no address', async () => {
    vi.stubEnv('HF_ENDPOINT', 'hub.example');
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('HF_ENDPOINT') });
  });

  it('a model that is not there, with names that are near', async () => {
    const error = await refusal(Reranker.load('cross-encoder/ms-marco-MiniLM-L-6-v2'));
    expect(error.code).toBe('ERR_MODEL_NOT_FOUND');
    expect(error.message).toContain('Did you mean cross-encoder/ms-marco-MiniLM-L6-v2');
    expect(error.message).toContain('HF_TOKEN');
  });

  it('a revision that is not there', async () => {
    at.hub.add(name, at.tiny);
    expect(await refusal(pull(name, { revision: 'v9' }))).toMatchObject({ code: 'ERR_MODEL_NOT_FOUND', message: expect.stringContaining('v9') });
  });

  it('a gated model, with and without a token', async () => {
    at.hub.add(name, at.tiny, { gated: true });
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_DOWNLOAD', message: expect.stringMatching(/gated.*set HF_TOKEN/) });
    vi.stubEnv('HF_TOKEN', 'other');
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_DOWNLOAD', message: expect.stringMatching(/gated.*no access/) });
    vi.stubEnv('HF_TOKEN', 'hf_granted');
    await pull(name);
    at.expectWhole();
  });

  it.each<[string, Record<string, Buffer | undefined>, string, RegExp]>([
    ['weights that exist only as a pickle', { 'model.safetensors': undefined, 'pytorch_model.bin': Buffer.from('x') }, 'ERR_MODEL_UNSUPPORTED', /pickle/],
    ['a tokenizer of another format', { 'tokenizer.json': undefined, 'vocab.txt': Buffer.from('x') }, 'ERR_MODEL_UNSUPPORTED', /vocab\.txt/],
    ['no model at all', { 'config.json': undefined }, 'ERR_MODEL_UNSUPPORTED', /config\.json/],
    ['a wrong architecture', { 'config.json': Buffer.from('{"model_type":"gpt2","architectures":["GPT2LMHeadModel"]}') }, 'ERR_MODEL_UNSUPPORTED', /gpt2.*BertForSequenceClassification/],
    ['a config that is no JSON', { 'config.json': Buffer.from('<html>') }, 'ERR_MODEL_CORRUPT', /config\.json/],
    ['a config of 11 MB', { 'config.json': Buffer.alloc(11_000_000) }, 'ERR_MODEL_UNSUPPORTED', /at most 10000000/],
  ])('%s, before weights are fetched', async (_, change, code, message) => {
    const files = Object.entries({ ...at.tiny, ...change }).filter(([, bytes]) => bytes !== undefined);
    at.hub.add(name, Object.fromEntries(files) as Record<string, Buffer>);
    expect(await refusal(Reranker.load(name))).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(at.weightRequests).toEqual([]);
  });

  it.each<[string, object]>([
    ['that leaves the folder', { type: 'file', path: '../../evil', size: 1, oid: '0'.repeat(40) }],
    ['with an absolute path', { type: 'file', path: '/etc/evil', size: 1, oid: '0'.repeat(40) }],
    ['with a backslash', { type: 'file', path: '..\\evil', size: 1, oid: '0'.repeat(40) }],
    ['that is a link', { type: 'symlink', path: 'evil', size: 1, oid: '0'.repeat(40) }],
    ['whose hash is a path', { type: 'file', path: 'evil', size: 1, oid: '../../../../evil' }],
    ['of negative size', { type: 'file', path: 'evil', size: -1, oid: '0'.repeat(40) }],
  ])('a listing %s', async (_, entry) => {
    at.hub.add(name, at.tiny, { foulEntries: [entry] });
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_MODEL_CORRUPT', message: expect.stringContaining('evil') });
    expect(existsSync(at.root)).toBe(false);
  });

  it.skipIf(process.platform !== 'linux')('a full disk', async () => {
    at.hub.add(name, at.tiny);
    mkdirSync(join(at.root, 'blobs'), { recursive: true });
    symlinkSync('/dev/full', at.partial);
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_DOWNLOAD', message: expect.stringMatching(/disk .* full/) });
  });

  it('a cache that is a file', async () => {
    at.hub.add(name, at.tiny);
    const file = join(at.cache, 'file');
    writeFileSync(file, '');
    expect((await refusal(pull(name, { cacheDir: file }))).message).toContain(file);
  });

  it('a name that is no hub id', async () => {
    for (const model of ['starter', './folder', 'x']) expect(await refusal(pull(model))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});
