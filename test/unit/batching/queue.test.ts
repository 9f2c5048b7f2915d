import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { BatchingSettings } from '../../../lib/batching/options.js';
import { BatchQueue } from '../../../lib/batching/queue.js';
import { hashTokens } from '../../../lib/batching/tokens.js';
import type { Call, CallOptions, PackedBatch } from '../../../lib/batching/types.js';
import { Stats } from '../../../lib/stats.js';
import {
  FakeDevice,
  keyOf,
  logitOfPair,
  packPairs,
  plainSettings,
  VirtualClock,
  type FakeDeviceOptions,
  type FakePair,
  type PairKind,
} from './world.js';

let seeds = 0;
/** Pairs of these lengths, equal to no other. */
const pairs = (...lengths: number[]): FakePair[] =>
  lengths.map((length) => ({ length, seed: (seeds += 1), kind: 'plain' }));
const pairsOf = (count: number, length: number): FakePair[] => pairs(...new Array<number>(count).fill(length));

function sequencesWithEqualHash(): Int32Array[] {
  const seen = new Map<number, Int32Array>();
  for (let i = 0; ; i += 1) {
    const inputIds = Int32Array.of(i, (i * 7919) % 30_000);
    const slice = { inputIds, tokenTypeIds: new Uint8Array(2), lengths: Int32Array.of(2) };
    const hash = hashTokens({ slice, start: 0, length: 2 });
    const other = seen.get(hash);
    if (other) return [other, inputIds];
    seen.set(hash, inputIds);
  }
}

function setUp(settings: Partial<BatchingSettings> = {}, deviceOptions: FakeDeviceOptions = {}) {
  const clock = new VirtualClock();
  const device = new FakeDevice(clock, deviceOptions);
  const stats = new Stats(clock);
  const queue = new BatchQueue(device, { ...plainSettings, ...settings }, stats, clock);

  /** Opens a call, pushes all pairs at once and ends it. */
  function submit(list: FakePair[], options: Partial<CallOptions> = {}) {
    const received: number[] = [];
    const call = queue.open({ onLogits: (index, logits) => (received[index] = logits[0]!), ...options });
    call.push({ ...packPairs(list), first: 0 });
    const result: { done?: { partial: boolean }; error?: unknown; at?: number } = {};
    const ended = call.end().then(
      (done) => Object.assign(result, { done, at: clock.now() }),
      (error: unknown) => Object.assign(result, { error, at: clock.now() }),
    );
    return { call, received, result, ended };
  }
  const sizes = () => device.batches.map(({ keys }) => keys.length);
  return { clock, device, stats, queue, submit, sizes };
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
  test.each([1, 2])('follows the throughput seen with %i in flight to targetBatchMs, up to maxBatchTokens', async (maxInFlight) => {
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
  });

  test('one stall does not make it doubt the device for long', async () => {
    const stall = { ordinal: 5, ms: 3_600_000 };
    const { device, submit, clock } = setUp({ targetBatchMs: 20 }, { startMs: 0, msPerToken: 0.02, stall });
    submit(pairsOf(4000, 10));
    await clock.run();
    expect(device.batches.at(-3)!.tokens).toBeGreaterThan(800);
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
    const holders = device.batches.map(({ keys }) => list.filter((pair) => keys.includes(keyOf(pair))).length);
    expect(holders.indexOf(5)).toBe(before);
    expect(small.result.at).toBeLessThan(big.result.at!);
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
    const { submit, clock, device } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100 });
    const alone = pairsOf(60, 10);
    submit(alone, { fairnessKey: 'one' });
    const calls = [1, 2, 3].map(() => submit(pairsOf(60, 10), { fairnessKey: 'many' }));
    const keys = new Set(alone.map(keyOf));
    await clock.until(20);
    const served = device.batches.flatMap((batch) => batch.keys);
    const own = served.filter((key) => keys.has(key)).length;
    expect(Math.abs(own - served.length / 2)).toBeLessThanOrEqual(2);
    await clock.run();
    expect(calls.every(({ result }) => result.done)).toBe(true);
  });

  test('shares tokens, not pairs', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 200, initialBatchTokens: 200 });
    const long = pairsOf(100, 100);
    submit(long);
    submit(pairsOf(1000, 10));
    await clock.until(20);
    const keys = new Set(long.map(keyOf));
    const served = device.batches.flatMap((batch) => batch.keys);
    const own = 100 * served.filter((key) => keys.has(key)).length;
    const all = device.batches.reduce((sum, { tokens }) => sum + tokens, 0);
    expect(Math.abs(own - all / 2)).toBeLessThanOrEqual(100);
    await clock.run();
  });

  test('a stream of new short calls does not starve an old one', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100 });
    const old = pairsOf(500, 10);
    submit(old);
    let streaming = true;
    const caller = async () => {
      while (streaming) await submit(pairsOf(1, 10)).ended;
    };
    const callers = Array.from({ length: 30 }, caller);
    await clock.until(150);
    const keys = new Set(old.map(keyOf));
    const served = device.batches.flatMap((batch) => batch.keys);
    const share = served.filter((key) => keys.has(key)).length / served.length;
    expect(share).toBeGreaterThan(0.5 / 31);
    streaming = false;
    await clock.run();
    await Promise.all(callers);
  });
});

describe('admission', () => {
  test('refuses a call while others have maxQueueSize pairs queued, and says when to come back', async () => {
    const { submit, queue, stats, clock, device } = setUp(
      { maxQueueSize: 20, maxBatchSize: 10 },
      { startMs: 0, msPerToken: 0.1 },
    );
    const first = submit(pairsOf(40, 10)); // more than maxQueueSize: a call alone is never refused
    await clock.until(0);
    expect(() => queue.open({ onLogits() {} })).toThrowError(
      expect.objectContaining({ code: 'ERR_OVERLOADED', retryAfterMs: Math.ceil(300 / 20) }),
    );
    await clock.until(10); // one batch at the true rate: 10 tokens a ms
    expect(device.batches).toHaveLength(2);
    let error: unknown;
    try {
      queue.open({ onLogits() {} });
    } catch (thrown) {
      error = thrown;
    }
    const { retryAfterMs } = error as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(10);
    expect(retryAfterMs).toBeLessThanOrEqual(20);
    await clock.until(clock.now() + retryAfterMs);
    expect(submit(pairsOf(1, 10)).call).toBeDefined();
    expect(stats.counters.rejected).toBe(2);
    await clock.run();
    expect(first.result.done).toEqual({ partial: false });
  });

  test('feeds a big call a few batches at a time, and starts before its last pair is known', async () => {
    const { queue, clock, device, stats } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100, maxBatchSize: 100 });
    let most = 0;
    let pushed = 0;
    let scored = 0;
    let pushedAtFirstScore = 0;
    const call = queue.open({
      onLogits() {
        pushedAtFirstScore ||= pushed;
        scored += 1;
      },
    });
    const feed = async () => {
      for (let first = 0; first < 1000; first += 10) {
        call.push({ ...packPairs(pairsOf(10, 10)), first });
        pushed += 10;
        most = Math.max(most, stats.snapshot().gauges.queuedPairs);
        expect(await call.wanted()).toBe(true);
      }
      await call.end();
    };
    const fed = feed();
    await clock.run();
    await fed;
    expect(scored).toBe(1000);
    expect(pushedAtFirstScore).toBeLessThan(100);
    expect(most).toBeLessThanOrEqual(30);
    expect(device.batches.every(({ tokens }) => tokens === 100)).toBe(true);
  });
});

describe('leaving early', () => {
  test('abort: queued pairs leave at once, running ones are discarded, the reason comes through', async () => {
    const { submit, clock, device, stats } = setUp({ maxBatchSize: 2 });
    const controller = new AbortController();
    const { result, received } = submit(pairsOf(6, 10), { signal: controller.signal });
    await clock.until(0);
    expect(stats.snapshot().gauges.queuedPairs).toBe(4);
    controller.abort('enough');
    expect(stats.snapshot().gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0, inFlight: 1 });
    await clock.until(0);
    expect(result).toEqual({ error: 'enough', at: 0 });
    await clock.run();
    expect(received).toEqual([]);
    expect(device.batches).toHaveLength(1);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('a signal that has aborted is refused with its reason', () => {
    const { queue, stats } = setUp();
    expect(() => queue.open({ signal: AbortSignal.abort('no'), onLogits() {} })).toThrow('no');
    expect(stats.counters.aborted).toBe(1);
  });

  test('many calls may share one signal without a warning from Node', async () => {
    const { submit, clock } = setUp();
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.name);
    process.on('warning', listen);
    const controller = new AbortController();
    for (let i = 0; i < 30; i += 1) submit(pairsOf(1, 10), { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    await clock.run();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });

  test('timeoutMs covers time in the queue and on the device', async () => {
    const { submit, clock, stats } = setUp({ maxBatchSize: 1 }, { startMs: 10, msPerToken: 0 });
    const running = submit(pairsOf(1, 10), { timeoutMs: 5 });
    const queued = submit(pairsOf(1, 10), { timeoutMs: 15 });
    const patient = submit(pairsOf(1, 10), { timeoutMs: 35 });
    await clock.run();
    expect(running.result).toMatchObject({ error: { code: 'ERR_TIMEOUT' }, at: 5 });
    expect(queued.result).toMatchObject({ error: { code: 'ERR_TIMEOUT' }, at: 15 });
    expect(patient.result.done).toEqual({ partial: false });
    expect(stats.counters.timedOut).toBe(2);
    expect(clock.timers).toBe(0);
  });

  test('deadlineMs resolves with what is scored by then, and stops the feeder', async () => {
    const { queue, clock } = setUp({ maxBatchSize: 1 }, { startMs: 10, msPerToken: 0 });
    const received: number[] = [];
    const call = queue.open({ deadlineMs: 25, onLogits: (index) => received.push(index) });
    call.push({ ...packPairs(pairsOf(5, 10)), first: 0 });
    const wanted = call.wanted();
    const more = call.wanted();
    await clock.until(25);
    await expect(Promise.all([wanted, more])).resolves.toEqual([false, false]);
    expect(call.signal.aborted).toBe(true);
    call.push({ ...packPairs(pairsOf(5, 10)), first: 5 });
    await expect(call.end()).resolves.toEqual({ partial: true });
    await clock.run();
    expect(received).toEqual([0, 1]);
  });

  test('a feeder can give up, and end() tells its reason', async () => {
    const { queue, clock, stats } = setUp();
    const call = queue.open({ onLogits() {} });
    call.push({ ...packPairs(pairsOf(5, 10)), first: 0 });
    call.abort(new Error('tokenizer died'));
    await expect(call.end()).rejects.toThrow('tokenizer died');
    await clock.run();
    expect(stats.counters.failed).toBe(1);
  });
});

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

describe('failure', () => {
  const special = (kind: PairKind): FakePair => ({ length: 10, seed: (seeds += 1), kind });

  test('of a batch harms only the call that fails by itself', async () => {
    const { submit, clock, stats } = setUp();
    const healthy = [pairsOf(3, 10), pairsOf(4, 12)];
    const before = submit(healthy[0]!);
    const bad = submit([...pairs(10), special('poison')]);
    const after = submit(healthy[1]!);
    await clock.run();
    expect(before.received).toEqual(healthy[0]!.map((pair) => logitOfPair(pair)));
    expect(after.received).toEqual(healthy[1]!.map((pair) => logitOfPair(pair)));
    expect(bad.result.error).toMatchObject({ code: 'ERR_DEVICE', cause: { message: 'poisoned batch' } });
    expect(stats.counters).toMatchObject({ completed: 2, failed: 1 });
  });

  test('of a batch shared by calls is forgiven if it does not come again', async () => {
    for (const trouble of [{ rejects: [0] }, { throws: [0] }, { shortResults: [0] }]) {
      const { submit, clock } = setUp({}, trouble);
      const calls = [submit(pairsOf(3, 10)), submit(pairsOf(3, 10))];
      await clock.run();
      for (const { result } of calls) expect(result.done).toEqual({ partial: false });
    }
  });

  test('for lack of memory halves the batch, and keeps later ones small', async () => {
    const { submit, clock, device } = setUp({}, { memoryTokens: 300 });
    const list = pairsOf(200, 10);
    const { received } = submit(list);
    await clock.run();
    expect(received).toEqual(list.map((pair) => logitOfPair(pair)));
    const failed = device.batches.filter((batch) => batch.failed).map(({ tokens }) => tokens);
    expect(failed).toEqual([1000, 500, 500]);
  });

  test('a logit that is not finite rejects its own call and names the pair', async () => {
    const { submit, clock, stats } = setUp();
    const good = submit(pairsOf(3, 10));
    const bad = submit([...pairsOf(2, 10), special('nan')]);
    await clock.run();
    expect(good.result.done).toEqual({ partial: false });
    expect(bad.result.error).toMatchObject({ code: 'ERR_DEVICE', message: expect.stringContaining('index 2') });
    expect(stats.snapshot().gauges).toMatchObject({ queuedPairs: 0, inFlight: 0 });
  });

  test('a callback that throws fails its own call', async () => {
    const { submit, clock } = setUp();
    const bad = submit(pairsOf(2, 10), {
      onLogits() {
        throw new Error('mine');
      },
    });
    const good = submit(pairsOf(2, 10));
    await clock.run();
    expect(bad.result.error).toMatchObject({ message: 'mine' });
    expect(good.result.done).toEqual({ partial: false });
  });
});

describe('close', () => {
  test('rejects what is queued, finishes what is running, then takes no more', async () => {
    const { submit, queue, clock, device } = setUp({ maxBatchSize: 2 });
    const running = submit(pairsOf(2, 10));
    await clock.until(0);
    const queued = submit(pairsOf(2, 10));
    await clock.until(0);
    let closed = false;
    void queue.close().then(() => (closed = true));
    await clock.until(0);
    expect(queued.result.error).toMatchObject({ code: 'ERR_CLOSED' });
    expect(closed).toBe(false);
    await clock.run();
    expect(closed).toBe(true);
    expect(running.result.done).toEqual({ partial: false });
    expect(device.batches).toHaveLength(1);
    expect(() => queue.open({ onLogits() {} })).toThrowError(expect.objectContaining({ code: 'ERR_CLOSED' }));
    await queue.close();
  });

  test('with drain serves every open call to its end, gathering no longer', async () => {
    const { submit, queue, clock, device } = setUp({ maxBatchSize: 2, maxQueueDelayMs: 1000 });
    const open = queue.open({ onLogits() {} });
    const calls = [submit(pairsOf(1, 10))];
    await clock.until(0);
    expect(device.batches).toHaveLength(0);
    const closed = queue.close({ drain: true });
    await clock.until(5);
    expect(calls[0]!.result.done).toEqual({ partial: false });
    open.push({ ...packPairs(pairsOf(3, 10)), first: 0 });
    await expect(Promise.all([clock.run().then(() => open.end()), closed])).resolves.toBeDefined();
    expect(clock.timers).toBe(0);
  });

  test('without drain after one with drain rejects what is left', async () => {
    const { submit, queue, clock } = setUp({ maxBatchSize: 1 });
    const { result } = submit(pairsOf(3, 10));
    await clock.until(0);
    const closes = [queue.close({ drain: true }), queue.close()];
    await clock.run();
    await Promise.all(closes);
    expect(result.error).toMatchObject({ code: 'ERR_CLOSED' });
  });
});

test('on the system clock, an open call keeps its timeout alive and a settled one leaves no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const score = (batch: PackedBatch) => Promise.resolve(new Float32Array(batch.offsets.length - 1));
  const queue = new BatchQueue({ labels: 1, score }, { ...plainSettings, maxQueueDelayMs: 1 }, new Stats());
  const before = timers();
  const call: Call = queue.open({ timeoutMs: 60_000, deadlineMs: 60_000, onLogits() {} });
  expect(timers()).toBe(before + 2);
  call.push({ ...packPairs(pairsOf(3, 10)), first: 0 });
  await expect(call.end()).resolves.toEqual({ partial: false });
  expect(timers()).toBe(before);
  await queue.close();
});

test('options of a call are checked', () => {
  const { queue } = setUp();
  const open = (options: object) => () => queue.open({ onLogits() {}, ...options });
  expect(open({ weight: 0 })).toThrow('Option "weight": expected a number from 0.001 to 1000, received 0.');
  expect(open({ timeoutMs: -1 })).toThrow('Option "timeoutMs"');
  expect(open({ deadlineMs: NaN })).toThrow('Option "deadlineMs"');
  expect(open({ signal: {} })).toThrow('Option "signal": expected an AbortSignal, received Object.');
});
