import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { LoadProgress } from '../types.js';

/** Megabyte chunks: three times as fast as the default, and under a millisecond of hashing at a time. */
const chunkBytes = 1 << 20;

/** SHA-256 of files one after another, in hex. Reads them as streams, so memory stays flat. */
export async function sha256(
  files: readonly string[],
  options: { onProgress?: (progress: LoadProgress) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const hash = createHash('sha256');
  for (const path of files) {
    const file = basename(path);
    const { size: total } = await stat(path);
    let loaded = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
      options.signal?.throwIfAborted();
      hash.update(chunk);
      loaded += chunk.length;
      options.onProgress?.({ phase: 'read', file, loaded, total });
    }
  }
  return hash.digest('hex');
}
