import { describe, expect, test } from 'vitest';
import { pairs, pairsOf, sequencesWithEqualHash, setUp } from './set-up.js';
import { keyOf, logitOfPair, packPairs, type FakePair } from './world.js';

describe('equal pairs', () => {
  const pair: FakePair = { length: 10, seed: 900_000, kind: 'plain' };
  const sameTokens: FakePair = { ...pair };

  test('join the one that is running', async () => {
    const { submit, clock, device } = setUp();
    const first = submit([pair]);
    await clock.until(0.5);
    const second = submit([sameTokens]);
    await clock.run();
    expect(device.batches).toHaveLength(1);
    expect(second.received).toEqual(first.received);
  });

  test('are scored when the call that came first aborts, waiting or running', async () => {
    for (const abortAt of [0, 0.5]) {
      const { submit, clock } = setUp({ maxBatchSize: 1 });
      const controller = new AbortController();
      submit(abortAt === 0 ? [...pairs(10), pair] : [pair], { signal: controller.signal });
      const second = submit([sameTokens]);
      await clock.until(abortAt);
      controller.abort();
      await clock.run();
      expect(second.received).toEqual([logitOfPair(pair)]);
    }
  });

  test('do not wait behind the line of the call that came first', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100 });
    const big = submit([...pairsOf(500, 10), pair]);
    await clock.until(0);
    const small = submit([sameTokens]);
    await clock.run();
    expect(small.received).toEqual([logitOfPair(pair)]);
    expect(big.received[500]).toBe(logitOfPair(pair));
    expect(device.batches.findIndex(({ keys }) => keys.includes(keyOf(pair)))).toBeLessThanOrEqual(3);
    expect(device.batches.flatMap(({ keys }) => keys).filter((key) => key === keyOf(pair))).toHaveLength(1);
  });

  test('with other token types are not equal', async () => {
    const { queue, clock, device } = setUp();
    const slice = packPairs([pair]);
    for (const type of [0, 1]) {
      const call = queue.open({ onLogits() {} });
      call.push({ ...slice, tokenTypeIds: new Uint8Array(10).fill(type), first: 0 });
      void call.end();
    }
    await clock.run();
    expect(device.batches.flatMap(({ keys }) => keys)).toHaveLength(2);
  });

  test('with equal hashes and different tokens are not equal', async () => {
    const { queue, clock, device } = setUp();
    const received: number[][] = [];
    for (const inputIds of sequencesWithEqualHash()) {
      const call = queue.open({ onLogits: (_, logits) => received.push([...logits]) });
      call.push({ inputIds, tokenTypeIds: new Uint8Array(2), lengths: Int32Array.of(2), first: 0 });
      void call.end();
    }
    await clock.run();
    expect(device.batches.flatMap(({ keys }) => keys)).toHaveLength(2);
    expect(received[0]).not.toEqual(received[1]);
  });
});

describe('score cache', () => {
  test('answers pairs seen before, keeps the latest cacheSize, and is off by default', async () => {
    const [a, b, c] = pairs(10, 11, 12) as [FakePair, FakePair, FakePair];
    const run = async (cacheSize: number) => {
      const { submit, clock, device, stats } = setUp({ cacheSize });
      for (const pair of [a, b, a, c, b]) {
        const { received } = submit([pair]);
        await clock.run();
        expect(received).toEqual([logitOfPair(pair)]);
      }
      return { batches: device.batches.length, hits: stats.counters.cacheHits };
    };
    expect(await run(0)).toEqual({ batches: 5, hits: 0 });
    expect(await run(2)).toEqual({ batches: 4, hits: 1 });
    expect(await run(3)).toEqual({ batches: 3, hits: 2 });
  });

  test('does not take one sequence for another with the same hash', async () => {
    const { queue, clock, stats } = setUp({ cacheSize: 10 });
    const received: number[] = [];
    for (const inputIds of sequencesWithEqualHash()) {
      const call = queue.open({ onLogits: (_, logits) => received.push(logits[0]!) });
      call.push({ inputIds, tokenTypeIds: new Uint8Array(2), lengths: Int32Array.of(2), first: 0 });
      void call.end();
      await clock.run();
    }
    expect(stats.counters.cacheHits).toBe(0);
    expect(received[0]).not.toBe(received[1]);
  });
});
