import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { HubFile } from './listing.js';

const chunkBytes = 1 << 20;

/** The hash of a file as the hub computes it: SHA-256, or git's SHA-1 over a header and the content. */
export async function digestOf(
  path: string,
  { algorithm, size }: Pick<HubFile, 'algorithm' | 'size'>,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm === 'git' ? 'sha1' : 'sha256');
  if (algorithm === 'git') hash.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest('hex');
}
