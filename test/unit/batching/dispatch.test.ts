import { describe, expect, test } from 'vitest';
import { pairs, pairsOf, setUp, shareOf } from './set-up.js';
import { keyOf, logitOfPair } from './world.js';

describe('dispatch', () => {
  test('needs no timer: an idle device gets the first pairs in the same turn', async () => {
    const { device, submit, clock } = setUp();
    submit(pairsOf(3, 10));
    await Promise.resolve();
    expect(device.running.size).toBe(1);
    expect(clock.timers).toBe(0);
    await clock.run();
  });

  test('merges what different calls push in one turn, and hands each its own scores', async () => {
    const { submit, sizes, clock } = setUp();
    const lists = [pairs(10, 30, 20), pairs(25, 5)];
    const calls = lists.map((list) => submit(list));
    await clock.run();
    expect(sizes()).toEqual([5]);
    lists.forEach((list, i) => expect(calls[i]!.received).toEqual(list.map((pair) => logitOfPair(pair))));
  });

  test('sends the batch longest pair first', async () => {
    const { submit, device, clock } = setUp();
    const list = pairs(10, 30, 20);
    submit(list);
    await clock.run();
    expect(device.batches[0]!.keys).toEqual([list[1]!, list[2]!, list[0]!].map(keyOf));
  });

  test('keeps as many batches in flight as allowed', async () => {
    const { submit, device, clock } = setUp({ maxInFlight: 2, maxBatchSize: 2 });
    submit(pairsOf(8, 10));
    await clock.until(0);
    expect(device.running.size).toBe(2);
    await clock.run();
    expect(device.batches).toHaveLength(4);
  });

  test('sends a long batch when the one before is under way, so that a call can still come before it', async () => {
    const { submit, device, clock } = setUp({ maxInFlight: 2 }, { startMs: 0, msPerToken: 0.05, underWayAfter: 0.5 });
    submit(pairsOf(40, 100));
    await clock.until(20);
    const late = pairsOf(5, 100);
    submit(late);
    await clock.run();
    expect(device.batches.slice(0, 3).map(({ startedAt }) => startedAt)).toEqual([0, 25, 75]);
    expect(shareOf(late, device.batches.slice(1, 2))).toBe(0.5);
  });

  test('sends short batches ahead, because the next could come too late', async () => {
    const settings = { maxInFlight: 2, maxBatchTokens: 400, initialBatchTokens: 1000, targetBatchMs: 50 };
    const { submit, device, clock } = setUp(settings, { startMs: 0, msPerToken: 0.05, underWayAfter: 0.5 });
    submit(pairsOf(40, 100));
    await clock.run();
    expect(device.batches.slice(0, 5).map(({ startedAt }) => startedAt)).toEqual([0, 0, 20, 40, 60]);
  });

  test('takes a batch that is never said to be under way for such until it is done', async () => {
    const { submit, device, clock } = setUp({ maxInFlight: 2 }, { startMs: 0, msPerToken: 0.05, underWayAfter: Infinity });
    submit(pairsOf(40, 100));
    await clock.run();
    expect(device.batches.slice(0, 3).map(({ startedAt }) => startedAt)).toEqual([0, 50, 100]);
  });

  test('holds pairs back for maxQueueDelayMs, unless a batch is full before', async () => {
    const { submit, device, clock } = setUp({ maxQueueDelayMs: 10, maxBatchSize: 4 });
    submit(pairsOf(1, 10));
    await clock.until(4);
    submit(pairsOf(1, 10));
    await clock.until(9);
    expect(device.batches).toHaveLength(0);
    await clock.until(50);
    expect(device.batches.map(({ keys, startedAt }) => [keys.length, startedAt])).toEqual([[2, 10]]);
    submit(pairsOf(4, 10));
    await clock.until(50);
    expect(device.batches[1]!.startedAt).toBe(50);
    await clock.run();
  });

  test('a call without pairs resolves', async () => {
    const { queue } = setUp();
    await expect(queue.open({ onLogits() {} }).end()).resolves.toEqual({ partial: false });
  });
});

describe('batch size', () => {
  test.each([1, 2])(
    'follows the throughput seen with %i in flight to targetBatchMs, up to maxBatchTokens',
    async (maxInFlight) => {
      const slow = setUp({ targetBatchMs: 20, maxInFlight }, { startMs: 0, msPerToken: 0.1 });
      slow.submit(pairsOf(2000, 10));
      await slow.clock.run();
      const late = slow.device.batches.slice(-10, -1).map(({ tokens }) => tokens);
      for (const tokens of late) expect(Math.abs(tokens - 200)).toBeLessThanOrEqual(20);

      const fast = setUp({ targetBatchMs: 20, initialBatchTokens: 100 }, { startMs: 0, msPerToken: 0.001 });
      fast.submit(pairsOf(2000, 10));
      await fast.clock.run();
      expect(fast.device.batches[0]!.tokens).toBe(100);
      expect(Math.max(...fast.device.batches.map(({ tokens }) => tokens))).toBe(1000);
    },
  );

  test('has a pair for every part of the device, however long they take', async () => {
    const settings = { targetBatchMs: 25, maxBatchTokens: 8192, initialBatchTokens: 8192, parallelPairs: 16 };
    const { device, submit, clock } = setUp(settings, { startMs: 0, msPerToken: 1, parts: 16 });
    submit(pairsOf(640, 100));
    await clock.run();
    const sizes = device.batches.slice(5, -1).map(({ keys }) => keys.length);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(16);
  });

  test('grows by up to a half if a call ends with it', async () => {
    const settings = { targetBatchMs: 50, initialBatchTokens: 500 };
    const device = { startMs: 0, msPerToken: 0.1 };
    const sizesOf = async (pairs: number, maxBatchTokens: number) => {
      const { submit, clock, sizes } = setUp({ ...settings, maxBatchTokens }, device);
      submit(pairsOf(pairs, 100));
      await clock.run();
      return sizes();
    };
    expect(await sizesOf(7, 1000)).toEqual([7]);
    expect(await sizesOf(8, 1000)).toEqual([5, 3]);
    expect(await sizesOf(6, 600)).toEqual([6]);
    expect(await sizesOf(6, 500)).toEqual([5, 1]);
  });

  test('does not grow for calls that can go into the next as a whole', async () => {
    const settings = { targetBatchMs: 50, maxBatchTokens: 1000, initialBatchTokens: 500 };
    const { submit, clock, sizes } = setUp(settings, { startMs: 0, msPerToken: 0.1 });
    for (let i = 0; i < 12; i += 1) submit(pairsOf(1, 100));
    await clock.run();
    expect(sizes()).toEqual([5, 5, 2]);
  });

  test('what rides along with an equal pair takes no room', async () => {
    const settings = { targetBatchMs: 50, maxBatchTokens: 1000, initialBatchTokens: 500, maxInFlight: 2 };
    const { submit, clock, sizes } = setUp(settings, { startMs: 0, msPerToken: 0.1 });
    const list = pairsOf(11, 100);
    submit(list.slice(0, 5));
    await clock.until(1);
    submit(list);
    await clock.run();
    expect(sizes()).toEqual([5, 6]);
  });

  test('grows for a small call, not for a part of a large one', async () => {
    const settings = { targetBatchMs: 50, maxBatchTokens: 1000, initialBatchTokens: 500 };
    const { submit, device, clock } = setUp(settings, { startMs: 0, msPerToken: 0.1 });
    submit(pairsOf(100, 100));
    await clock.until(1);
    const list = pairsOf(7, 100);
    submit(list);
    await clock.until(51);
    expect(device.batches[0]!.tokens).toBe(500);
    expect(new Set(device.batches[1]!.keys)).toEqual(new Set(list.map(keyOf)));
    await clock.run();
  });

  test('one stall does not make it doubt the device for long', async () => {
    const stall = { ordinal: 5, ms: 3_600_000 };
    const { device, submit, clock } = setUp({ targetBatchMs: 20 }, { startMs: 0, msPerToken: 0.02, stall });
    submit(pairsOf(4000, 10));
    await clock.run();
    expect(device.batches.at(-3)!.tokens).toBeGreaterThan(800);
  });
});

describe('a window wider than a batch', () => {
  test('puts pairs of similar length together, and any left out of 4 dispatches first', async () => {
    const { submit, clock, device } = setUp({ windowBatches: 4, maxBatchSize: 4 });
    const three = (length: number) => [length, length, length];
    const list = pairs(10, 20, 30, 40, 50, 60, 100, ...[10, 20, 30, 40, 50, 60].flatMap(three));
    submit(list);
    await clock.run();
    const lengths = new Map(list.map((pair) => [keyOf(pair), pair.length]));
    expect(device.batches.slice(0, 5).map(({ keys }) => keys.map((key) => lengths.get(key)))).toEqual([
      [10, 10, 10, 10],
      [20, 20, 20, 20],
      [30, 30, 30, 30],
      [40, 40, 40, 40],
      [100, 60, 50, 50],
    ]);
  });
});
