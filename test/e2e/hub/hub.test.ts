import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type LoadProgress, pull, Reranker } from '../../../dist/index.js';
import { query } from '../tiny-reranker.js';
import { fileNames, HubCase, name, refusal, weightsPath } from './hub-case.js';

const at = new HubCase();

describe('a model by name', () => {
  it('is fetched once, into the layout all Hugging Face tools share, only what is needed', async () => {
    at.hub.add(name, { ...at.tiny, 'README.md': Buffer.from('x'), 'pytorch_model.bin': Buffer.alloc(20_000) });
    at.hub.pageSize = 2;
    const reranker = await Reranker.load(name);
    expect(reranker.info()).toMatchObject({ model: name, revision: at.hub.commitOf(name), folder: join(at.root, 'snapshots', at.hub.commitOf(name)) });
    expect(await reranker.rank(query, ['bread'])).toHaveLength(1);
    await reranker.close();
    at.expectWhole();

    at.hub.seen.length = 0;
    await (await Reranker.load(name)).close();
    expect(at.hub.seen).toEqual([]);
  });

  it('is found offline afterwards, and by commit', async () => {
    const commit = at.hub.add(name, at.tiny);
    await pull(name);
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    await (await Reranker.load(name)).close();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await (await Reranker.load(name, { revision: commit })).close();
  });

  it('of a tag, a branch with a slash or a commit', async () => {
    const commit = at.hub.add(name, at.tiny, { refs: ['main', 'v2', 'refs/pr/1'] });
    for (const revision of ['v2', 'refs/pr/1', commit]) expect((await pull(name, { revision })).revision).toBe(commit);
    expect(readFileSync(join(at.root, 'refs', 'refs', 'pr', '1'), 'utf8')).toBe(commit);
    expect(existsSync(join(at.root, 'refs', commit))).toBe(false);
  });

  it('is completed when another tool fetched only a part', async () => {
    const commit = at.hub.add(name, at.tiny);
    mkdirSync(join(at.root, 'snapshots', commit), { recursive: true });
    mkdirSync(join(at.root, 'refs'));
    writeFileSync(join(at.root, 'refs', 'main'), commit);
    await (await Reranker.load(name)).close();
    at.expectWhole();
  });

  it('in shards', async () => {
    const index = { weight_map: { a: 'a.safetensors', b: 'b.safetensors' } };
    const { 'model.safetensors': weights, ...rest } = at.tiny;
    at.hub.add(name, { ...rest, 'a.safetensors': weights!, 'b.safetensors': Buffer.alloc(12_000), 'model.safetensors.index.json': Buffer.from(JSON.stringify(index)) });
    const { files } = await pull(name);
    expect(files.map((file) => file.name)).toContain('b.safetensors');
    at.hub.add(name, { ...rest, 'model.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: { a: '../../../x.safetensors' } })) });
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_MODEL_CORRUPT' });
  });

  it('that was renamed is found under its old name', async () => {
    at.hub.add(name, at.tiny);
    at.hub.add('owner/old', {}, { movedTo: name });
    expect((await pull('owner/old')).revision).toBe(at.hub.commitOf(name));
  });

  it('reports bytes to the last', async () => {
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { slow: { bytes: 40_000, everyMs: 60 } });
    const seen: LoadProgress[] = [];
    await pull(name, { onProgress: (progress) => seen.push(progress) });
    const total = fileNames.reduce((sum, file) => sum + at.tiny[file]!.length, 0);
    expect(seen.at(-1)).toMatchObject({ phase: 'download', file: 'model.safetensors', loaded: total, total });
    expect(seen.some(({ bytesPerSecond, secondsLeft }) => bytesPerSecond! > 0 && secondsLeft! >= 0)).toBe(true);
    expect(seen.every(({ loaded }, i) => i === 0 || loaded >= seen[i - 1]!.loaded)).toBe(true);
  });
});

describe('a hub that falters', () => {
  it.each([429, 500, 503])('with %i is asked again', async (status) => {
    at.hub.add(name, at.tiny);
    at.hub.fail('/revision/main', { status, retryAfter: '0' });
    at.hub.fail(weightsPath, { status, retryAfter: '0' }, { status, retryAfter: '0' });
    await pull(name);
    at.expectWhole();
  });

  it('without end is given up', async () => {
    at.hub.add(name, at.tiny);
    const again = { status: 429, retryAfter: '0' };
    at.hub.fail('/revision/main', again, again, again, again);
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_DOWNLOAD', message: expect.stringContaining('429') });
    expect(at.hub.requests('/revision/main')).toHaveLength(4);
  });

  it('and cuts a download goes on where it was cut', async () => {
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { cutAfter: 50_000 }, { cutAfter: 10_000 });
    await pull(name);
    at.expectWhole();
    const ranges = at.weightRequests.map(({ range }) => range);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/), expect.stringMatching(/^bytes=\d+-$/)]);
  });

  it('and falls silent is left, and goes on', async () => {
    vi.stubEnv('HF_HUB_DOWNLOAD_TIMEOUT', '0.3');
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { stallAfter: 30_000 });
    await pull(name);
    at.expectWhole();
  });

  it('and knows no ranges starts over', async () => {
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { cutAfter: 50_000 }, { ignoreRange: true });
    const seen: LoadProgress[] = [];
    await pull(name, { onProgress: (progress) => seen.push(progress) });
    at.expectWhole();
    expect(seen.at(-1)!.loaded).toBe(seen.at(-1)!.total);
  });

  it('and sends wrong bytes is asked once more, then refused', async () => {
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { corrupt: true });
    await pull(name);
    at.expectWhole();
    for (const file of ['config.json', 'model.safetensors']) {
      rmSync(at.root, { recursive: true });
      at.hub.fail(file === 'config.json' ? `/${file}` : weightsPath, { corrupt: true }, { corrupt: true });
      expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_DOWNLOAD', message: expect.stringMatching(/hash/) });
      expect(existsSync(at.blob(file))).toBe(false);
    }
  });

  it.each([1, 10_000_000])('and declares %i bytes for the weights is refused', async (declare) => {
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { declare });
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_DOWNLOAD', message: expect.stringMatching(/listing says/) });
  });

  it('goes on after the process that downloaded is gone', async () => {
    at.hub.add(name, at.tiny);
    const { stdout } = await killedDuringDownload();
    expect(stdout).toBe('');
    expect(existsSync(join(at.root, 'snapshots', at.hub.commitOf(name), 'model.safetensors'))).toBe(false);
    expect(readFileSync(at.partial).length).toBeGreaterThan(0);
    await releaseLocks();
    at.hub.seen.length = 0;
    await pull(name);
    at.expectWhole();
    expect(at.weightRequests[0]!.range).toMatch(/^bytes=[1-9]/);
  });
});

describe('two at once', () => {
  it('in one process fetch each file once', async () => {
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { slow: { bytes: 40_000, everyMs: 30 } });
    await Promise.all([pull(name), pull(name), pull(name)]);
    at.expectWhole();
    expect(at.weightRequests).toHaveLength(1);
  });

  it('in two processes leave whole files', async () => {
    at.hub.add(name, at.tiny);
    at.hub.fail(weightsPath, { slow: { bytes: 40_000, everyMs: 30 } });
    const exits = await Promise.all([puller(), puller()].map(async (child) => (await once(child, 'exit'))[0]));
    expect(exits).toEqual([0, 0]);
    at.expectWhole();
    expect(at.weightRequests).toHaveLength(1);
  });
});

describe('giving up', () => {
  it.each(['the listing', 'the weights'])('during %s rejects with the reason and keeps what came', async (phase) => {
    at.hub.add(name, at.tiny);
    at.hub.fail(phase === 'the listing' ? '/config.json' : weightsPath, { stallAfter: 10 });
    const controller = new AbortController();
    const reason = new Error('enough');
    const pulling = pull(name, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 200);
    await expect(pulling).rejects.toBe(reason);
    await pull(name);
    at.expectWhole();
  });
});

describe('what pull finds damaged', () => {
  it.each<[string, (path: string) => void]>([
    ['cut off', (path) => truncateSync(path, 1000)],
    ['changed', (path) => writeFileSync(path, Buffer.alloc(at.tiny['model.safetensors']!.length))],
    ['gone', (path) => rmSync(path)],
  ])('%s, it fetches again', async (_, damage) => {
    at.hub.add(name, at.tiny);
    await pull(name);
    damage(at.blob('model.safetensors'));
    const { files } = await pull(name);
    expect(files.filter(({ downloaded }) => downloaded).map((file) => file.name)).toEqual(['model.safetensors']);
    at.expectWhole();
  });
});

function puller(): ChildProcess {
  const code = `require(${JSON.stringify(join(process.cwd(), 'dist', 'index.js'))}).pull(${JSON.stringify(name)}).then(() => console.log('done'))`;
  return spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function killedDuringDownload(): Promise<{ stdout: string }> {
  at.hub.fail(weightsPath, { stallAfter: 60_000 });
  const child = puller();
  let stdout = '';
  child.stdout!.on('data', (text) => (stdout += text));
  await vi.waitFor(() => expect(lstatSync(at.partial).size).toBeGreaterThan(10_000), { timeout: 10_000, interval: 50 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { stdout };
}

/** As if enough time had passed for the lock of the dead to count as such. */
async function releaseLocks(): Promise<void> {
  rmSync(join(at.cache, '.locks'), { recursive: true });
}
