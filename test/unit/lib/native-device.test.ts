import { describe, expect, it } from 'vitest';
import type { PackedBatch } from '../../../lib/batching/types.js';
import { RerankerError } from '../../../lib/errors.js';
import type { NativeModel } from '../../../lib/native/addon.js';
import { NativeDevice } from '../../../lib/native/device.js';

const batch: PackedBatch = { inputIds: new Int32Array(1), tokenTypeIds: new Uint8Array(1), offsets: Int32Array.of(0, 1) };

function device(score: NativeModel['score']): NativeDevice {
  return new NativeDevice({ info: { labels: 2 }, score } as unknown as NativeModel);
}

describe('a native model as the queue sees it', () => {
  it('passes batches and logits through as they are', async () => {
    const logits = Float32Array.of(1, 2);
    const received: PackedBatch[] = [];
    const native = device(async (given) => {
      received.push(given);
      return logits;
    });
    expect(native.labels).toBe(2);
    expect(await native.score(batch)).toBe(logits);
    expect(received[0]).toBe(batch); // the addon writes computedTokens into it
  });

  it('gives errors of the addon our class, and keeps the original', async () => {
    const original = Object.assign(new Error('no memory left'), { code: 'ERR_OUT_OF_MEMORY' });
    const error: unknown = await device(() => Promise.reject(original)).score(batch).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RerankerError);
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_MEMORY', message: 'no memory left', cause: original });
  });

  it('leaves errors without a code of ours alone', async () => {
    const bug = new TypeError('a bug');
    await expect(device(() => Promise.reject(bug)).score(batch)).rejects.toBe(bug);
  });
});
