import { describe, expect, test } from 'vitest';
import { pairsOf, setUp, shareOf } from './set-up.js';
import { keyOf } from './world.js';

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

  test.each([0.1, 1, 10])(
    'a small call is served in one go, however many big ones there are, all of weight %d',
    async (weight) => {
      const { submit, device, clock } = setUp({ maxBatchTokens: 500, initialBatchTokens: 500 });
      for (let i = 0; i < 4; i += 1) submit(pairsOf(100, 100), { weight });
      await clock.until(5);
      const before = device.batches.length;
      const list = pairsOf(5, 100);
      submit(list, { weight });
      await clock.run();
      expect(new Set(device.batches[before]!.keys)).toEqual(new Set(list.map(keyOf)));
    },
  );

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

  test('a key that was served ahead of its share owes nothing to those who left', async () => {
    const { queue, submit, clock } = setUp({ maxBatchTokens: 100, initialBatchTokens: 100 });
    const aborter = new AbortController();
    for (let i = 0; i < 3; i += 1) submit(pairsOf(100, 100), { signal: aborter.signal });
    await clock.until(5);
    const open = queue.open({ fairnessKey: 'one', onLogits() {} });
    const first = submit(pairsOf(9, 100), { fairnessKey: 'one' });
    while (!first.result.done) await clock.step();
    aborter.abort();
    const second = submit(pairsOf(3, 100), { fairnessKey: 'one' });
    const newcomer = submit(pairsOf(3, 100));
    await clock.run();
    expect(second.result.at).toBeLessThan(newcomer.result.at!);
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

  test.each<[string, (world: ReturnType<typeof setUp>) => Promise<unknown>]>([
    [
      'are aborted and sent anew',
      async ({ submit, clock }) => {
        const aborter = new AbortController();
        clock.after(300, () => aborter.abort());
        await submit(pairsOf(10, 100), { signal: aborter.signal }).ended;
      },
    ],
    [
      'ask for the same at the same time',
      ({ submit }) => {
        const list = pairsOf(10, 100);
        return Promise.all([1, 2, 3].map(() => submit(list).ended));
      },
    ],
  ])('a big call keeps its share beside calls that %s', async (_, call) => {
    const world = setUp({ initialBatchTokens: 500 }, { startMs: 0, msPerToken: 0.1 });
    const { submit, clock, device } = world;
    const big = pairsOf(2000, 100);
    const stop = new AbortController();
    submit(big, { signal: stop.signal });
    const callers = startCallers(6, () => call(world));
    await clock.until(30_000);
    const before = device.batches.length;
    await clock.until(60_000);
    expect(shareOf(big, device.batches.slice(before))).toBeGreaterThan(0.035);
    stop.abort();
    const stopped = callers.stop();
    await clock.run();
    await stopped;
  });

  test('a weight that changes leaves a flow where it stands', async () => {
    const { submit, clock, device } = setUp({ initialBatchTokens: 500 }, { startMs: 0, msPerToken: 0.1 });
    const keyed = pairsOf(600, 100);
    const stop = new AbortController();
    const options = { fairnessKey: 'one', signal: stop.signal };
    submit(keyed.slice(0, 300), options);
    for (let i = 0; i < 300; i += 1) {
      clock.after(5 + 20 * i, () => submit([keyed[300 + i]!], { ...options, weight: i % 2 ? 1 : 1.01 }));
    }
    const callers = startCallers(4, () => submit(pairsOf(5, 100)).ended);
    await clock.until(6000);
    expect(shareOf(keyed, device.batches)).toBeGreaterThan(0.1);
    stop.abort();
    const stopped = callers.stop();
    await clock.run();
    await stopped;
  });

  test('a weight that has changed goes with its flow', async () => {
    const { submit, clock, device } = setUp({ maxBatchTokens: 500, initialBatchTokens: 500 });
    const old = pairsOf(400, 100);
    submit(old);
    const keyed = [1, 8].map((weight) => submit(pairsOf(10, 100), { fairnessKey: 'one', weight }));
    while (!keyed.every(({ result }) => result.done)) await clock.step();
    await clock.until(clock.now() + 100);
    const before = device.batches.length;
    submit(pairsOf(200, 100));
    await clock.until(clock.now() + 200);
    expect(Math.abs(shareOf(old, device.batches.slice(before)) - 1 / 2)).toBeLessThan(0.1);
    await clock.run();
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
