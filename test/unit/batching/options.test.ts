import { describe, expect, test } from 'vitest';
import { resolveBatching, type DeviceProfile } from '../../../lib/batching/options.js';
import { RerankerError } from '../../../lib/errors.js';

const cpu: DeviceProfile = { path: 'cpu', device: 'cpu', threads: 4, lengthMultiple: 1, maxInFlight: 1 };
const gpu: DeviceProfile = { path: 'mlx', device: 'gpu', threads: 1, lengthMultiple: 8, maxInFlight: 3 };

describe('resolveBatching', () => {
  test('has the documented defaults', () => {
    const common = {
      targetBatchMs: 50,
      maxBatchTokens: 8192,
      maxBatchSize: 256,
      maxQueueDelayMs: 0,
      maxQueueSize: 32_000,
      scheduling: 'fair',
      cacheSize: 0,
    };
    expect(resolveBatching({}, cpu)).toMatchObject({ ...common, maxInFlight: 1 });
    expect(resolveBatching({}, gpu)).toMatchObject({ ...common, maxInFlight: 3 });
  });

  test('starts with what suits the device', () => {
    expect(resolveBatching({}, cpu)).toMatchObject({ initialBatchTokens: 4096, parallelPairs: 4 });
    expect(resolveBatching({}, gpu)).toMatchObject({ initialBatchTokens: 4096, parallelPairs: 1 });
  });

  test('takes what is given, and never starts above maxBatchTokens', () => {
    const given = {
      targetBatchMs: 5.5,
      maxBatchTokens: 512,
      maxInFlight: 3,
      scheduling: 'fifo',
      cacheSize: 9,
    } as const;
    expect(resolveBatching(given, cpu)).toMatchObject({ ...given, initialBatchTokens: 512 });
  });

  test('looks for similar lengths only where the device works in groups of equal length', () => {
    expect(resolveBatching({}, gpu).windowBatches).toBeGreaterThan(1);
    for (const profile of [cpu, { ...gpu, path: 'mlx+metal-kernels' } as const]) {
      expect(resolveBatching({}, profile)).toMatchObject({ windowBatches: 1, bucketTokens: 0 });
    }
  });

  test.each([
    [{ maxBatchSize: 0 }, 'Option "maxBatchSize": expected a whole number of at least 1, received 0.'],
    [
      { maxBatchTokens: 1.5 },
      'Option "maxBatchTokens": expected a whole number of at least 1, received 1.5.',
    ],
    [{ maxQueueSize: '9' }, 'Option "maxQueueSize": expected a whole number of at least 1, received "9".'],
    [{ maxInFlight: NaN }, 'Option "maxInFlight": expected a whole number of at least 1, received NaN.'],
    [{ cacheSize: -1 }, 'Option "cacheSize": expected a whole number of at least 0, received -1.'],
    [{ targetBatchMs: 0 }, 'Option "targetBatchMs": expected a number from 0.1 to 60000, received 0.'],
    [
      { maxQueueDelayMs: Infinity },
      'Option "maxQueueDelayMs": expected a number from 0 to 60000, received Infinity.',
    ],
    [{ scheduling: 'lifo' }, `Option "scheduling": expected 'fair' or 'fifo', received "lifo".`],
    [null, 'Option "options": expected an object, received null.'],
  ])('refuses %j', (options, message) => {
    let error: unknown;
    try {
      resolveBatching(options as object, cpu);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(RerankerError);
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message });
  });
});
