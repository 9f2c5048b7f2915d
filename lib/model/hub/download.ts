import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankerError } from '../../errors.js';
import type { LoadProgress } from '../../types.js';
import { checkArchitecture } from '../architecture.js';
import { shardNames } from '../files.js';
import { repositoryFolder } from '../hub-cache.js';
import { fetchBlob, isComplete } from './blob.js';
import { digestOf } from './digest.js';
import { DownloadMeter } from './download-meter.js';
import { explain } from './hub-errors.js';
import { type HubFile, listRepository } from './listing.js';
import { hubSettings } from './settings.js';
import { linkSnapshot, writeRef } from './snapshot.js';
import { HubTransport } from './transport.js';
import { describingFiles, weightFiles } from './wanted-files.js';

export interface DownloadRequest {
  repository: string;
  revision: string;
  /** Hub cache folder. */
  cache: string;
  /** Also check the hashes of files that are here already, and fetch again what is damaged. */
  verify?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
}

export interface Download {
  folder: string;
  commit: string;
  files: { name: string; size: number; downloaded: boolean }[];
}

/** Room left over on the disk, so that a download does not take the last of it. */
const spareBytes = 50_000_000;

/**
 * Brings a model of a hub into the cache that all Hugging Face tools share; only the files this package needs, only
 * those that are not there.
 * @throws RerankerError `ERR_MODEL_NOT_FOUND`, `ERR_MODEL_UNSUPPORTED`, `ERR_MODEL_CORRUPT`, `ERR_DOWNLOAD` or
 * `ERR_INVALID_ARGUMENT`; the reason of `signal` if it aborts.
 */
export async function downloadModel(request: DownloadRequest): Promise<Download> {
  const settings = await hubSettings();
  const transport = new HubTransport(settings, request.signal);
  try {
    return await new Downloader(request, transport).run();
  } catch (error) {
    request.signal?.throwIfAborted();
    throw explain(error, { ...request, endpoint: settings.endpoint, hasToken: transport.hasToken });
  }
}

class Downloader {
  readonly #request: DownloadRequest;
  readonly #transport: HubTransport;
  readonly #root: string;
  readonly #meter: DownloadMeter;
  readonly #done: Download['files'] = [];

  constructor(request: DownloadRequest, transport: HubTransport) {
    this.#request = request;
    this.#transport = transport;
    this.#root = repositoryFolder(request.cache, request.repository);
    this.#meter = new DownloadMeter(request.onProgress);
  }

  async run(): Promise<Download> {
    const { repository, revision } = this.#request;
    const listing = await listRepository(this.#transport, repository, revision);
    const describing = describingFiles(repository, listing);
    await mkdir(join(this.#root, 'blobs'), { recursive: true });

    await this.#fetch(describing, listing.commit);
    const folder = await linkSnapshot(this.#root, listing.commit, describing);
    await checkArchitecture(repository, join(folder, 'config.json'));
    const sharded = describing.some(({ name }) => name.endsWith('.index.json'));
    const weights = weightFiles(repository, listing, sharded ? await shardNames(folder) : []);
    await this.#fetch(weights, listing.commit);
    await linkSnapshot(this.#root, listing.commit, weights);
    await writeRef(this.#root, revision, listing.commit);
    return { folder, commit: listing.commit, files: this.#done };
  }

  async #fetch(files: readonly HubFile[], commit: string): Promise<void> {
    const missing = new Set<HubFile>();
    for (const file of files) if (!(await this.#isHere(file))) missing.add(file);
    const bytes = [...missing].reduce((sum, file) => sum + file.size, 0);
    await this.#checkRoom(bytes);
    this.#meter.expect(bytes);
    for (const file of files) {
      if (missing.has(file)) await this.#fetchOne(file, commit);
      this.#done.push({ name: file.name, size: file.size, downloaded: missing.has(file) });
    }
  }

  async #fetchOne(file: HubFile, commit: string): Promise<void> {
    const { repository, cache, signal } = this.#request;
    await fetchBlob({
      url: `${this.#transport.endpoint}/${repository}/resolve/${commit}/${encodeURIComponent(file.name)}`,
      file,
      path: this.#blob(file),
      lock: join(cache, '.locks', `models--${repository.replace('/', '--')}`, `${file.etag}.mlx-rerank.lock`),
      transport: this.#transport,
      meter: this.#meter,
      signal,
    });
  }

  async #isHere(file: HubFile): Promise<boolean> {
    const path = this.#blob(file);
    if (!(await isComplete(path, file.size))) {
      await rm(path, { force: true }); // of another size than its hash says: no tool of ours left it so
      return false;
    }
    if (!this.#request.verify || (await digestOf(path, file, this.#request.signal)) === file.etag) return true;
    await rm(path);
    return false;
  }

  #blob(file: HubFile): string {
    return join(this.#root, 'blobs', file.etag);
  }

  async #checkRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#root);
    const free = bavail * bsize;
    if (free >= bytes + spareBytes || bytes === 0) return;
    throw new RerankerError(
      'ERR_DOWNLOAD',
      `${this.#request.repository} needs ${bytes} bytes, and the disk of ${this.#request.cache} has ${free} free. Make ` +
        'room, or choose another disk with cacheDir or HF_HUB_CACHE.',
    );
  }
}
