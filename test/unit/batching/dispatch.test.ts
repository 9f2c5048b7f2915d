import { describe, expect, test } from 'vitest';
import { pairs, pairsOf, setUp } from './set-up.js';
import { keyOf, logitOfPair, type BatchRecord, type FakePair } from './world.js';

/** Which part of the pairs in these batches is of a list. */
function shareOf(list: FakePair[], batches: BatchRecord[]): number {
  const keys = new Set(list.map(keyOf));
  const served = batches.flatMap((batch) => batch.keys);
  return served.filter((key) => keys.has(key)).length / served.length;
}

/** Callers that submit again as soon as they are served; `stop` lets each end its last call. */
function startCallers(count: number, call: () => Promise<unknown>) {
  let streaming = true;
  const caller = async () => {
    while (streaming) await call();
  };
  const callers = Array.from({ length: count }, caller);
  return {
    stop() {
      streaming = false;
      return Promise.all(callers);
    },
  };
}

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

describe('fairness', () => {
  test('a small call is served in the next batch beside a big one', async () => {
    const { submit, device, clock } = setUp();
    const big = submit(pairsOf(1000, 10));
    await clock.until(5);
    const before = device.batches.length;
    const list = pairsOf(5, 10);
    const small = submit(list);
    await clock.run();
    const holders = device.batches.map(
      ({ keys }) => list.filter((pair) => keys.includes(keyOf(pair))).length,
    );
    expect(holders.indexOf(5)).toBe(before);
    expect(small.result.at).toBeLessThan(big.result.at!);
  });

  test('a small call is served in one go, however many big ones there are', async () => {
    const { submit, device, clock } = setUp({ maxBatchTokens: 500, initialBatchTokens: 500 });
    for (let i = 0; i < 4; i += 1) submit(pairsOf(100, 100));
    await clock.until(5);
    const before = device.batches.length;
    const list = pairsOf(5, 100);
    submit(list);
    await clock.run();
    expect(new Set(device.batches[before]!.keys)).toEqual(new Set(list.map(keyOf)));
  });

  test('of two calls of one size the first to come is the first to end', async () => {
    const { submit, clock } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100 });
    submit(pairsOf(10, 100));
    const [first, second] = [submit(pairsOf(8, 100)), submit(pairsOf(8, 100))];
    await clock.run();
    expect(first.result.at).toBeLessThan(second.result.at!);
  });

  test('in fifo mode it waits its turn', async () => {
    const { submit, clock } = setUp({ scheduling: 'fifo' });
    const big = submit(pairsOf(1000, 10));
    await clock.until(5);
    const small = submit(pairsOf(5, 10));
    await clock.run();
    expect(small.result.at).toBeGreaterThanOrEqual(big.result.at!);
  });

  test('calls under one fairnessKey share one portion', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 1000, initialBatchTokens: 1000 });
    const alone = pairsOf(60, 100);
    submit(alone, { fairnessKey: 'one' });
    const calls = [1, 2, 3].map(() => submit(pairsOf(60, 100), { fairnessKey: 'many' }));
    await clock.until(20);
    expect(Math.abs(shareOf(alone, device.batches) - 1 / 2)).toBeLessThan(0.02);
    await clock.run();
    expect(calls.every(({ result }) => result.done)).toBe(true);
  });

  test('many small calls under one fairnessKey get no more than one portion', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 500, initialBatchTokens: 500 });
    const big = pairsOf(500, 100);
    submit(big);
    const callers = startCallers(2, () => submit(pairsOf(4, 100), { fairnessKey: 'many' }).ended);
    await clock.until(400);
    expect(shareOf(big, device.batches)).toBeGreaterThan(0.45);
    const stopped = callers.stop();
    await clock.run();
    await stopped;
  });

  test('a key that was served ahead of its share comes after a newcomer', async () => {
    const { queue, submit, clock } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100 });
    for (let i = 0; i < 3; i += 1) submit(pairsOf(100, 100));
    await clock.until(5);
    const open = queue.open({ fairnessKey: 'one', onLogits() {} }); // a key is known as long as it has a call
    const first = submit(pairsOf(9, 100), { fairnessKey: 'one' });
    while (!first.result.done) await clock.step();
    const second = submit(pairsOf(3, 100), { fairnessKey: 'one' });
    const newcomer = submit(pairsOf(6, 100));
    await clock.run();
    expect(newcomer.result.at).toBeLessThan(second.result.at!);
    await open.end();
  });

  test('what was aborted does not hold back the rest of its flow', async () => {
    const { submit, clock } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100 });
    submit(pairsOf(20, 100));
    const aborter = new AbortController();
    submit(pairsOf(9, 100), { fairnessKey: 'one', signal: aborter.signal });
    const left = submit(pairsOf(1, 100), { fairnessKey: 'one' });
    const other = submit(pairsOf(5, 100));
    await clock.until(1);
    aborter.abort();
    await clock.run();
    expect(left.result.at).toBeLessThan(other.result.at!);
  });

  test('the weight of the latest call under a fairnessKey counts', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 1000, initialBatchTokens: 1000 });
    submit(pairsOf(300, 100));
    const keyed = pairsOf(500, 100);
    submit(keyed.slice(0, 250), { fairnessKey: 'one' });
    await clock.until(100);
    const before = device.batches.length;
    submit(keyed.slice(250), { fairnessKey: 'one', weight: 4 });
    await clock.until(300);
    expect(Math.abs(shareOf(keyed, device.batches.slice(before)) - 4 / 5)).toBeLessThan(0.05);
    await clock.run();
  });

  test('shares tokens, not pairs', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 200, initialBatchTokens: 200 });
    const long = pairsOf(100, 100);
    submit(long);
    submit(pairsOf(1000, 10));
    await clock.until(20);
    // Half of the tokens, in pairs ten times as long as the others: one pair in eleven.
    expect(Math.abs(shareOf(long, device.batches) - 1 / 11)).toBeLessThan(0.01);
    await clock.run();
  });

  test('a stream of new short calls does not starve an old one', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 1000, initialBatchTokens: 1000 });
    const old = pairsOf(500, 100);
    submit(old);
    const callers = startCallers(30, () => submit(pairsOf(1, 100)).ended);
    await clock.until(6000);
    expect(device.batches.flatMap(({ keys }) => keys).length).toBeGreaterThan(5000);
    expect(shareOf(old, device.batches)).toBeGreaterThan(0.5 / 31);
    const stopped = callers.stop();
    await clock.run();
    await stopped;
  });
});
