import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { RerankerError } from '../../../dist/index.js';
import { tinyFolder } from '../tiny-reranker.js';
import { etagOf, HubServer } from './hub-server.js';

export const name = 'owner/tiny';
export const fileNames = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
/** Where the other host serves the weights. */
export const weightsPath = '/lfs/model.safetensors';

/** A hub, a small model to put on it, and for each test an empty cache and an environment that names both. */
export class HubCase {
  hub!: HubServer;
  cache!: string;
  tiny!: Record<string, Buffer>;

  constructor() {
    beforeAll(async () => {
      this.hub = await HubServer.start();
      const folder = tinyFolder();
      this.tiny = Object.fromEntries(fileNames.map((file) => [file, readFileSync(join(folder, file))]));
    });
    afterAll(() => this.hub.stop());
    beforeEach(() => {
      this.cache = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
      for (const variable of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HF_HUB_OFFLINE', 'HTTP_PROXY', 'http_proxy']) {
        vi.stubEnv(variable, '');
      }
      vi.stubEnv('HF_ENDPOINT', this.hub.url);
      vi.stubEnv('HF_HOME', join(this.cache, 'home'));
      vi.stubEnv('HF_HUB_CACHE', this.cache);
    });
    afterEach(() => {
      vi.unstubAllEnvs();
      this.hub.reset();
    });
  }

  /** Folder of the model in the cache. */
  get root(): string {
    return join(this.cache, 'models--owner--tiny');
  }

  blob(file: string): string {
    return join(this.root, 'blobs', etagOf(this.tiny[file]!));
  }

  /** The weights while they are downloaded. */
  get partial(): string {
    return `${this.blob('model.safetensors')}.mlx-rerank.incomplete`;
  }

  get weightRequests() {
    return this.hub.requests(`/lfs/${etagOf(this.tiny['model.safetensors']!)}`);
  }

  /** Requests that went to the other host. */
  get elsewhere() {
    return this.hub.seen.filter(({ host }) => `http://${host}` !== this.hub.url);
  }

  /** The cache holds the model whole, and nothing else. */
  expectWhole(): void {
    const commit = this.hub.commitOf(name);
    const snapshot = join(this.root, 'snapshots', commit);
    for (const file of fileNames) {
      expect(readFileSync(join(snapshot, file)).equals(this.tiny[file]!), file).toBe(true);
      expect(readlinkSync(join(snapshot, file))).toBe(`../../blobs/${etagOf(this.tiny[file]!)}`);
    }
    expect(readdirSync(join(this.root, 'blobs')).sort()).toEqual(fileNames.map((file) => etagOf(this.tiny[file]!)).sort());
    expect(readFileSync(join(this.root, 'refs', 'main'), 'utf8')).toBe(commit);
  }
}

export async function refusal(work: Promise<unknown>): Promise<RerankerError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RerankerError);
  return error as RerankerError;
}
