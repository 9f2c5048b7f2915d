import { describe, expect, test } from 'vitest';
import { pairs, pairsOf, setUp } from './set-up.js';
import { logitOfPair, type FakePair, type PairKind } from './world.js';

describe('failure', () => {
  const special = (kind: PairKind): FakePair => ({ ...pairs(10)[0]!, kind });

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
    expect(bad.result.error).toMatchObject({
      code: 'ERR_DEVICE',
      message: expect.stringContaining('index 2'),
    });
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
