import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pull, Reranker } from '../../../dist/index.js';
import { query, tinyFolder } from '../tiny-reranker.js';
import { etagOf, HubServer } from './hub-server.js';

const python = process.env.PYTHON ?? 'python3';
const client = versionOfClient();
if (client === undefined) {
  console.warn(`SKIPPED: ${python} has no huggingface_hub, so the shared cache was not tried with it. PYTHON names another; scripts/python-env.mjs makes one.`);
}

const name = 'owner/tiny';
const fileNames = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
let hub: HubServer;
let cache: string;
let tiny: Record<string, Buffer>;

beforeAll(async () => {
  hub = await HubServer.start();
  const folder = tinyFolder();
  tiny = Object.fromEntries(fileNames.map((file) => [file, readFileSync(join(folder, file))]));
});
afterAll(() => hub.stop());
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
  hub.add(name, tiny);
  for (const [variable, value] of Object.entries({ HF_ENDPOINT: hub.url, HF_HOME: cache, HF_HUB_CACHE: '', HF_HUB_OFFLINE: '', HF_TOKEN: '', HF_HUB_DISABLE_TELEMETRY: '1' })) {
    vi.stubEnv(variable, value);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  hub.reset();
});

function versionOfClient(): string | undefined {
  try {
    return execFileSync(python, ['-c', 'import huggingface_hub as h; print(h.__version__)'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** Folder that Python's client says the model is in. */
async function snapshotByPython(offline: boolean): Promise<string> {
  const code = `import sys
from huggingface_hub import snapshot_download
print(snapshot_download(${JSON.stringify(name)}, local_files_only=${offline ? 'True' : 'False'}))`;
  const { HF_HUB_OFFLINE: _, HF_HUB_CACHE: __, ...env } = process.env;
  return (await promisify(execFile)(python, ['-c', code], { env })).stdout.trim();
}

const downloads = () => hub.seen.filter(({ method, path }) => method === 'GET' && (path.startsWith('/lfs/') || path.includes('/resolve/')));

/** The cache as both clients must leave it: same names, same relative links. */
function layout(folder: string): [string, string][] {
  return readdirSync(folder).sort().map((file) => [file, readlinkSync(join(folder, file))]);
}

const expectedLayout = () => fileNames.toSorted().map((file) => [file, `../../blobs/${etagOf(tiny[file]!)}`]);

describe.skipIf(client === undefined)(`the cache shared with Python's huggingface_hub ${client ?? '(not installed)'}`, () => {
  it('holds for us what Python pulled', async () => {
    const folder = await snapshotByPython(false);
    expect(layout(folder)).toEqual(expectedLayout());
    hub.seen.length = 0;
    const reranker = await Reranker.load(name);
    expect(reranker.info().folder).toBe(folder);
    expect(await reranker.rank(query, ['bread'])).toHaveLength(1);
    await reranker.close();
    expect(hub.seen).toEqual([]);
    expect((await pull(name)).files.filter(({ downloaded }) => downloaded)).toEqual([]);
  });

  it('holds for Python what we pulled', async () => {
    const { folder } = await pull(name);
    expect(layout(folder)).toEqual(expectedLayout());
    expect(await snapshotByPython(true)).toBe(folder);
    hub.seen.length = 0;
    expect(await snapshotByPython(false)).toBe(folder);
    expect(downloads()).toEqual([]);
  });

  it('is right when both pull at once', async () => {
    hub.fail('/lfs/model.safetensors', { slow: { bytes: 20_000, everyMs: 50 } }, { slow: { bytes: 20_000, everyMs: 50 } });
    const [byPython, ours] = await Promise.all([snapshotByPython(false), pull(name), pull(name)]);
    expect(byPython).toBe(ours.folder);
    expect(layout(ours.folder)).toEqual(expectedLayout());
    for (const file of fileNames) expect(readFileSync(join(ours.folder, file)).equals(tiny[file]!)).toBe(true);
  });
});
