import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findModelFiles } from '../../../lib/model/files.js';
import { sha256 } from '../../../lib/model/hash.js';
import { effectiveMaxLength } from '../../../lib/model/max-length.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
});

function write(files: Record<string, unknown>): void {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const complete = { 'config.json': {}, 'tokenizer.json': {}, 'model.safetensors': 'weights' };
const sharded = { 'config.json': {}, 'tokenizer.json': {}, 'b.safetensors': 'second', 'a.safetensors': 'first' };

describe('a model folder', () => {
  it('holds config, tokenizer and weights; tokenizer_config.json is optional', async () => {
    write(complete);
    const without = await findModelFiles(folder);
    expect(without.weights).toEqual([join(folder, 'model.safetensors')]);
    expect(without.tokenizerConfig).toBeUndefined();
    write({ 'tokenizer_config.json': {} });
    expect((await findModelFiles(folder)).tokenizerConfig).toBe(join(folder, 'tokenizer_config.json'));
  });

  it('may hold shards, each once and in name order', async () => {
    const weight_map = { x: 'b.safetensors', y: 'a.safetensors', z: 'b.safetensors' };
    write({ ...sharded, 'model.safetensors.index.json': { weight_map } });
    const { weights } = await findModelFiles(folder);
    expect(weights.map((path) => basename(path))).toEqual(['a.safetensors', 'b.safetensors']);
    expect(await sha256(weights)).toBe(createHash('sha256').update('firstsecond').digest('hex'));
  });

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['nothing', {}, 'ERR_MODEL_NOT_FOUND', /config\.json, tokenizer\.json, model\.safetensors missing/],
    ['no tokenizer', { ...complete, 'tokenizer.json': undefined }, 'ERR_MODEL_NOT_FOUND', /: tokenizer\.json missing/],
    ['a slow tokenizer only', { 'config.json': {}, 'vocab.txt': '', 'model.safetensors': '' }, 'ERR_MODEL_UNSUPPORTED', /AutoTokenizer/],
    ['PyTorch weights', { 'config.json': {}, 'tokenizer.json': {}, 'pytorch_model.bin': '' }, 'ERR_MODEL_UNSUPPORTED', /safe_serialization/],
    ['a GGUF file', { 'model.gguf': '' }, 'ERR_MODEL_UNSUPPORTED', /model\.gguf/],
    ['a lost shard', { ...sharded, 'model.safetensors.index.json': { weight_map: { x: 'c.safetensors' } } }, 'ERR_MODEL_NOT_FOUND', /c\.safetensors missing/],
    ['an index without a map', { ...sharded, 'model.safetensors.index.json': {} }, 'ERR_MODEL_CORRUPT', /weight_map/],
    ['an index that leaves the folder', { ...sharded, 'model.safetensors.index.json': { weight_map: { x: '../../a' } } }, 'ERR_MODEL_CORRUPT', /weight_map/],
    ['an index that is no JSON', { ...sharded, 'model.safetensors.index.json': '{' }, 'ERR_MODEL_CORRUPT', /JSON object/],
  ])('with %s is refused', async (_, files, code, message) => {
    write(Object.fromEntries(Object.entries(files).filter(([, content]) => content !== undefined)));
    await expect(findModelFiles(folder)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('the hash of the weights', () => {
  it('is that of the file, whatever its size, with progress to the last byte', async () => {
    const bytes = Buffer.alloc(3_000_001, 'weights ');
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, bytes);
    const seen: number[] = [];
    const onProgress = ({ file, loaded, total }: { file: string; loaded: number; total: number }) => {
      expect({ file, total }).toEqual({ file: 'model.safetensors', total: bytes.length });
      seen.push(loaded);
    };
    expect(await sha256([path], { onProgress })).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(seen.at(-1)).toBe(bytes.length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('stops with the reason of the signal', async () => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, 'x');
    const reason = new Error('enough');
    await expect(sha256([path], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('the most tokens of a pair', () => {
  const limit = async (config: unknown, requested?: number) => {
    write({ 'tokenizer_config.json': config });
    return effectiveMaxLength(512, join(folder, 'tokenizer_config.json'), requested);
  };

  it('is the least of model and tokenizer, or the option', async () => {
    expect(await limit({ model_max_length: 256 })).toBe(256);
    expect(await limit({ model_max_length: 256 }, 128)).toBe(128);
    expect(await limit({ model_max_length: 256 }, 256)).toBe(256);
    expect(await limit({ model_max_length: 2048 })).toBe(512);
    expect(await effectiveMaxLength(512, undefined, undefined)).toBe(512);
  });

  it('is never quietly less than the option', async () => {
    const refusal = (most: number, whose: string) => ({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(`options.maxLength: expected at most ${most}, the ${whose}`),
    });
    await expect(limit({ model_max_length: 256 }, 400)).rejects.toMatchObject(refusal(256, 'tokenizer'));
    await expect(limit({ model_max_length: 2048 }, 513)).rejects.toMatchObject(refusal(512, 'model'));
  });

  it('is the model’s where the tokenizer has none', async () => {
    expect(await limit({})).toBe(512);
    expect(await limit({ model_max_length: 1000000000000000019884624838656 })).toBe(512);
    expect(await limit({ model_max_length: null })).toBe(512);
  });

  it('is not guessed from a damaged file', async () => {
    await expect(limit('[1]')).rejects.toMatchObject({ code: 'ERR_MODEL_CORRUPT' });
  });
});
