import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { RerankerError } from '../../errors.js';
import type { DownloadMeter } from './download-meter.js';
import { digestOf } from './digest.js';
import type { HubFile } from './listing.js';
import { withLock } from './lock.js';
import { describe, HubFailure, type HubTransport } from './transport.js';

export interface BlobRequest {
  url: string;
  file: HubFile;
  /** Where the finished file goes. */
  path: string;
  lock: string;
  transport: HubTransport;
  meter: DownloadMeter;
  signal?: AbortSignal;
}

/** Cuts in a row, without a byte between them, after which a download is given up. */
const mostCuts = 5;
const pauseMs = 500;
const mostAttempts = 2;

export async function isComplete(path: string, size: number): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile() && found.size === size,
    () => false,
  );
}

/**
 * Fetches one file. It is written beside its place, goes on where an earlier try was cut, and is moved into place only
 * when its hash is the hub's: at no time is there half a file under its name.
 */
export async function fetchBlob(request: BlobRequest): Promise<void> {
  const { file, path, lock, signal } = request;
  const partial = `${path}.mlx-rerank.incomplete`;
  await withLock(lock, signal, async () => {
    if (await isComplete(path, file.size)) return request.meter.skip(file.name, file.size); // by another, just now
    for (let attempt = 1; ; attempt++) {
      await fill(partial, request);
      if ((await digestOf(partial, file, signal)) === file.etag) break;
      await rm(partial);
      if (attempt === mostAttempts) throw wrongHash(file.name, request.url);
      request.meter.add(file.name, -file.size);
    }
    await rename(partial, path);
  });
}

async function fill(partial: string, request: BlobRequest): Promise<void> {
  const { file, meter } = request;
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    let { size: have } = await handle.stat();
    if (have > file.size) {
      await handle.truncate(0);
      have = 0;
    }
    if (have > 0) meter.skip(file.name, have);
    for (let cuts = 0; have < file.size; ) {
      const before = have;
      const cut = await receive(handle, have, request, (now) => (have = now));
      if (have > before) cuts = 0;
      if (!cut) continue;
      if (++cuts > mostCuts) throw givenUp(file.name, cut);
      await request.transport.pause(pauseMs * cuts);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Receives what one connection gives, from byte `from` on. Resolves to what cut it, or to nothing at the end. */
async function receive(
  handle: FileHandle,
  from: number,
  { url, file, transport, meter, signal }: BlobRequest,
  onPosition: (position: number) => void,
): Promise<unknown> {
  const { response, timer } = await transport.open(url, {
    headers: { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) },
  });
  const body = response.body!.getReader();
  try {
    let position = startOf(response, from, file);
    if (position < from) meter.add(file.name, position - from);
    onPosition(position);
    for (;;) {
      const { done, value } = await body.read().catch((cause) => {
        signal?.throwIfAborted();
        throw new HubFailure(`${url}: ${describe(cause)}`, { cause });
      });
      if (done) break;
      timer.restart();
      if (position + value.length > file.size) throw wrongSize(file, `more than ${file.size}`);
      await handle.write(value, 0, value.length, position);
      position += value.length;
      onPosition(position);
      meter.add(file.name, value.length);
    }
    return position === file.size ? undefined : new Error(`the connection ended after ${position} bytes`);
  } catch (error) {
    if (error instanceof HubFailure) return error;
    throw error;
  } finally {
    timer.stop();
    await body.cancel().catch(() => {});
  }
}

/** Where the body of an answer starts; a hub that ignores the range starts over. */
function startOf(response: Response, from: number, file: HubFile): number {
  const { headers, status } = response;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  const start = status === 206 && range ? Number(range[1]) : 0;
  const length = headers.get('content-length');
  const total = range ? range[2]! : length !== null && !headers.get('content-encoding') ? length : '*';
  if (total !== '*' && Number(total) !== file.size) throw wrongSize(file, total);
  if (start > from) throw wrongSize(file, `bytes from ${start} on instead of ${from}`);
  return start;
}

function wrongSize(file: HubFile, received: string): RerankerError {
  return new RerankerError(
    'ERR_DOWNLOAD',
    `${file.name}: the hub's listing says ${file.size} bytes, the download has ${received}. Nothing of it is used. ` +
      'Try again; if it stays so, check HF_ENDPOINT and proxies.',
  );
}

function wrongHash(name: string, url: string): RerankerError {
  return new RerankerError(
    'ERR_DOWNLOAD',
    `${name}: what ${url} sends does not have the hash that the hub's listing names, twice. Nothing of it is used. ` +
      'Something between here and the hub changes files: check HF_ENDPOINT and proxies.',
  );
}

function givenUp(name: string, cause: unknown): RerankerError {
  return new RerankerError(
    'ERR_DOWNLOAD',
    `${name}: the download was cut ${mostCuts + 1} times in a row: ${describe(cause)}. What came is kept; the next ` +
      'try goes on from there.',
    { cause },
  );
}
