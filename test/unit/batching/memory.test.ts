import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { BatchQueue } from '../../../lib/batching/queue.js';
import type { CallOptions } from '../../../lib/batching/types.js';
import { Stats } from '../../../lib/stats.js';
import { FakeDevice, packPairs, plainSettings, VirtualClock, type FakePair } from './world.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

test('an open queue keeps no token of a call that is over, however it ended', async () => {
  const clock = new VirtualClock();
  const device = new FakeDevice(clock);
  const queue = new BatchQueue(device, { ...plainSettings, maxBatchSize: 2 }, new Stats(clock), clock);
  const slices = new Map<string, WeakRef<Int32Array>>();
  const endings = new Map<string, string>();
  const shared = new AbortController(); // outlives every call
  let seed = 0;

  function submit(name: string, kind: FakePair['kind'], options: Partial<CallOptions> = {}): void {
    // Two equal pairs, and five others.
    const pairs = [0, 0, 1, 2, 3, 4, 5].map((i): FakePair => ({ length: 10, seed: seed + i, kind }));
    seed += 6;
    const slice = packPairs(pairs);
    slices.set(name, new WeakRef(slice.inputIds));
    const call = queue.open({ onLogits() {}, fairnessKey: 'shared', signal: shared.signal, ...options });
    call.push({ ...slice, first: 0 });
    void call.end().then(
      ({ partial }) => endings.set(name, partial ? 'partial' : 'complete'),
      () => endings.set(name, 'rejected'),
    );
  }

  const controller = new AbortController();
  submit('aborted', 'plain', { signal: controller.signal });
  submit('complete', 'plain');
  submit('timed out', 'plain', { timeoutMs: 3 });
  submit('deadline', 'plain', { deadlineMs: 3 });
  submit('poisoned', 'poison');
  submit('not finite', 'nan');
  await clock.until(0);
  controller.abort();
  await clock.run();
  expect(Object.fromEntries(endings)).toEqual({
    aborted: 'rejected',
    complete: 'complete',
    'timed out': 'rejected',
    deadline: 'partial',
    poisoned: 'rejected',
    'not finite': 'rejected',
  });

  device.batches.length = 0;
  for (let i = 0; i < 3; i += 1) {
    await turn();
    gc();
  }
  const kept = [...slices].filter(([, slice]) => slice.deref()).map(([name]) => name);
  expect(kept).toEqual([]);
  await queue.close();
});
