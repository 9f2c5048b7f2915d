import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LoadOptions, Reranker, RerankerError } from '../../dist/index.js';
import { loadTiny, query, someDocuments, tinyFolder } from './tiny-reranker.js';

const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

async function refusal(loading: Promise<Reranker>): Promise<RerankerError> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RerankerError);
  return error as RerankerError;
}

function edit(folder: string, name: string, change: (json: any) => void): void {
  const json = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  change(json);
  writeFileSync(join(folder, name), JSON.stringify(json));
}

describe('info', () => {
  it('tells what is loaded and how it runs', async () => {
    const folder = tinyFolder();
    const reranker = await Reranker.load(folder, { maxBatchTokens: 4096, device: 'cpu' });
    expect(reranker.info()).toMatchObject({
      model: folder,
      folder,
      sha256: createHash('sha256').update(readFileSync(join(folder, 'model.safetensors'))).digest('hex'),
      device: 'cpu',
      dtype: 'float32',
      path: 'cpu',
      reason: expect.stringContaining("device 'cpu'"),
      tokenizer: 'fast',
      versions: { package: packageJson.version, node: process.versions.node },
      limits: { maxLength: 512, maxBatchTokens: 4096, maxBatchSize: 256, maxQueueSize: 32_000, maxInFlight: 2 },
    });
    expect(reranker.info().deviceName).not.toBe('');
    await reranker.close();
  });

  it('tells when MLX computes', async () => {
    const reranker = await loadTiny({ path: 'mlx', device: 'cpu' });
    expect(reranker.info()).toMatchObject({ path: 'mlx', device: 'cpu', versions: { mlx: expect.stringMatching(/^\d+\./) } });
    await reranker.close();
  });
});

describe('maxLength', () => {
  it('is the option, or the least of tokenizer and model, and cuts what is longer', async () => {
    const folder = tinyFolder();
    edit(folder, 'tokenizer_config.json', (config) => (config.model_max_length = 100));
    const byTokenizer = await Reranker.load(folder);
    const byOption = await Reranker.load(folder, { maxLength: 16 });
    expect(byTokenizer.info().limits.maxLength).toBe(100);
    expect(byOption.info().limits.maxLength).toBe(16);
    const [result] = await byOption.rank(query, ['bread egg milk fire stone river mountain tree bee']);
    expect(result!.truncated).toBeUndefined(); // 3 special tokens, 4 of the query, 9 of the document
    const [cut] = await byOption.rank(query, ['bread egg milk fire stone river mountain tree bee bird']);
    expect(cut!.truncated).toBe(true);
    expect(cut!.logit).toBe(result!.logit);
    await Promise.all([byTokenizer.close(), byOption.close()]);
    const error = await refusal(Reranker.load(folder, { maxLength: 101 }));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('at most 100') });
  });
});

describe('a model with several labels', () => {
  it('is refused until it is said which is the relevance', async () => {
    const folder = tinyFolder('twoLabels');
    const error = await refusal(Reranker.load(folder));
    expect(error).toMatchObject({ code: 'ERR_MODEL_UNSUPPORTED', message: expect.stringMatching(/2 labels.*label, 0 to 1/) });
    expect(await refusal(Reranker.load(folder, { label: 2 }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });

    const [first, second] = await Promise.all([0, 1].map((label) => Reranker.load(folder, { label })));
    const documents = someDocuments(30);
    const logits = await Promise.all([first!, second!].map((r) => r.rank(query, documents, { returnDocuments: false })));
    expect(logits[0]).not.toEqual(logits[1]);
    await Promise.all([first!.close(), second!.close()]);
  });
});

describe('a model that is not as it should be is refused', () => {
  it.each<[string, (folder: string) => void, string, RegExp]>([
    ['an empty folder', (f) => ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'].forEach((n) => rmSync(join(f, n))), 'ERR_MODEL_NOT_FOUND', /config\.json/],
    ['without weights', (f) => rmSync(join(f, 'model.safetensors')), 'ERR_MODEL_NOT_FOUND', /model\.safetensors missing/],
    ['weights cut off', (f) => truncateSync(join(f, 'model.safetensors'), 100_000), 'ERR_MODEL_CORRUPT', /model\.safetensors/],
    ['weights of nothing', (f) => truncateSync(join(f, 'model.safetensors'), 0), 'ERR_MODEL_CORRUPT', /model\.safetensors/],
    ['a config that is no JSON', (f) => writeFileSync(join(f, 'config.json'), 'x'), 'ERR_MODEL_CORRUPT', /config\.json/],
    ['a config of another size', (f) => edit(f, 'config.json', (c) => (c.hidden_size = 128)), 'ERR_MODEL_UNSUPPORTED', /word_embeddings.*64.*128/],
    ['another kind of model', (f) => edit(f, 'config.json', (c) => (c.model_type = 'gpt2')), 'ERR_MODEL_UNSUPPORTED', /gpt2/],
    ['a tokenizer that is no JSON', (f) => writeFileSync(join(f, 'tokenizer.json'), '{'), 'ERR_MODEL_CORRUPT', /tokenizer\.json/],
    ['a tokenizer larger than the embedding table', (f) => edit(f, 'tokenizer.json', (t) => (t.model.vocab.volcanic = 1000)), 'ERR_MODEL_UNSUPPORTED', /tokenizer.* 1000/],
  ])('%s', async (_, damage, code, message) => {
    const folder = tinyFolder();
    damage(folder);
    expect(await refusal(Reranker.load(folder))).toMatchObject({ code, message: expect.stringMatching(message) });
    // The process lives on, and so does a model beside it.
    const reranker = await loadTiny();
    expect(await reranker.rank(query, ['bread'])).toHaveLength(1);
    await reranker.close();
  });

  it('the default model, where it is not cached, with a way that works offline', async () => {
    const cacheDir = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
    const error = await refusal(Reranker.load(undefined, { cacheDir }));
    expect(error.code).toBe('ERR_MODEL_NOT_FOUND');
    expect(error.message).toContain('cross-encoder/ms-marco-MiniLM-L6-v2');
    expect(error.message).toContain("'starter'");
  });
});

describe('an option of load out of its range is refused, by name', () => {
  it.each<[keyof LoadOptions | 'batchSize', unknown]>([
    ['device', 'cuda'],
    ['path', 'metal'],
    ['dtype', 'fp16'],
    ['threads', 0],
    ['threads', 1.5],
    ['maxLength', 3],
    ['maxLength', NaN],
    ['maxLength', '128'],
    ['label', -1],
    ['revision', '../../etc'],
    ['revision', ''],
    ['cacheDir', ''],
    ['localFilesOnly', 'yes'],
    ['signal', {}],
    ['onProgress', true],
    ['batchSize', 32],
    ['targetBatchMs', -1],
    ['maxBatchTokens', 0],
    ['maxBatchSize', 2.5],
    ['maxQueueDelayMs', NaN],
    ['maxQueueSize', '9'],
    ['maxInFlight', 0],
    ['scheduling', 'random'],
    ['cacheSize', -1],
  ])('%s: %o', async (name, value) => {
    const error = await refusal(Reranker.load('starter', { [name]: value } as LoadOptions));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(name) });
  });

  it('a combination that no path can do', async () => {
    const error = await refusal(Reranker.load('starter', { path: 'cpu', dtype: 'float16' }));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining("'float32'") });
  });
});

describe('loading', () => {
  it('can be given up', async () => {
    const reason = new Error('enough');
    await expect(Reranker.load('starter', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const loading = Reranker.load('starter', { signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(loading).rejects.toBe(reason);
  });

  it('reports the weights as they are read, to the last byte', async () => {
    const seen: { file: string; loaded: number; total: number }[] = [];
    const reranker = await Reranker.load('starter', { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ file: 'model.safetensors', loaded: seen[0]!.total });
    expect(seen.length).toBeGreaterThan(1);
    await reranker.close();
  });

  it('rejects with what a progress callback throws', async () => {
    const mine = new Error('mine');
    const onProgress = () => {
      throw mine;
    };
    await expect(Reranker.load('starter', { onProgress })).rejects.toBe(mine);
  });
});

describe('warmup', () => {
  it('leaves no trace in the statistics', async () => {
    const reranker = await loadTiny({ maxLength: 100 });
    await reranker.warmup();
    expect(reranker.stats().counters).toMatchObject({ pairs: 0, batches: 0 });
    await reranker.close();
  });
});

describe('stats', () => {
  it('counts what was done, and its stages sum to the whole', async () => {
    const reranker = await loadTiny();
    await reranker.rank(query, someDocuments(100));
    await reranker.score([[query, 'bread']]);
    const { counters, gauges, histograms, memory } = reranker.stats();
    expect(counters).toMatchObject({ pairs: 101, completed: 2, failed: 0 });
    expect(gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0, inFlight: 0 });
    expect(memory.active).toBeGreaterThan(0);
    const { tokenizationMs, queueWaitMs, inferenceMs, otherMs, endToEndMs } = histograms;
    expect(endToEndMs.count).toBe(2);
    const stages = tokenizationMs.total + queueWaitMs.total + inferenceMs.total + otherMs.total;
    expect(stages).toBeCloseTo(endToEndMs.total, 6);
    await reranker.close();
  });
});
