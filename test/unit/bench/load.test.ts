import { describe, expect, it } from 'vitest';
import { closedLoop } from '../../../bench/load/closed-loop.mjs';
import { now } from '../../../bench/load/clock.mjs';
import { openLoop } from '../../../bench/load/open-loop.mjs';
import { requestsOf } from '../../../bench/load/requests.mjs';

interface Done {
  startMs: number;
  latencyMs: number;
  pairs: number;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the closed loop', () => {
  it('keeps as many requests under way as there are clients, and sends as many as asked', async () => {
    let running = 0;
    let most = 0;
    const done: Done[] = [];
    const load = await closedLoop({
      clients: 3,
      requests: 10,
      seconds: 60,
      batch: 2,
      nextRequest: () => ({}),
      onDone: (request: Done) => done.push(request),
      send: async () => {
        most = Math.max(most, ++running);
        await turn();
        running -= 1;
        return {};
      },
    });
    expect({ most, sent: load.sent, done: done.length, stoppedBy: load.stoppedBy }).toEqual({
      most: 3,
      sent: 10,
      done: 10,
      stoppedBy: 'requests',
    });
  });

  it('counts what was refused apart, and says when time ended it', async () => {
    const done: Done[] = [];
    let sent = 0;
    const load = await closedLoop({
      clients: 1,
      requests: Infinity,
      seconds: 0.05,
      batch: 1,
      nextRequest: () => ({}),
      onDone: (request: Done) => done.push(request),
      send: async () => {
        await turn();
        return ++sent % 2 === 0 ? { retryAfterMs: 1 } : {};
      },
    });
    expect(load.stoppedBy).toBe('seconds');
    expect(load.shed + done.length).toBe(sent);
    expect(load.shed).toBe(Math.floor(sent / 2));
  });

  it('fails with what a request fails with', async () => {
    const send = async () => Promise.reject(new Error('broken'));
    await expect(
      closedLoop({
        clients: 2,
        requests: 5,
        seconds: 1,
        batch: 1,
        nextRequest: () => ({}),
        send,
        onDone: () => {},
      }),
    ).rejects.toThrow('broken');
  });
});

describe('the open loop', () => {
  it('counts latency from when a request was due, so a blocked event loop shows', async () => {
    const done: Done[] = [];
    let start = 0;
    let freeAgain = 0;
    await openLoop({
      ratePerSecond: 500,
      requests: 100,
      seconds: 60,
      seed: 1,
      batch: 5,
      nextRequest: () => ({}),
      onDone: (request: Done) => done.push(request),
      send: async () => {
        if (freeAgain === 0) {
          start = now() as number;
          while ((freeAgain = now() as number) < start + 100) continue;
        }
        return {};
      },
    });
    expect(done).toHaveLength(100);
    // Whatever was due while the loop was blocked was answered when it was free again, and says so.
    const first = done[0]!.startMs;
    const dueInside = done.slice(1).filter(({ startMs }) => startMs < first + 90);
    expect(dueInside.length).toBeGreaterThan(10);
    for (const { startMs, latencyMs } of dueInside) expect(startMs + latencyMs).toBeGreaterThanOrEqual(first + 100);
  });

  it('draws the same arrivals from the same seed, at the rate asked for', async () => {
    const dues = async (seed: number) => {
      const done: Done[] = [];
      const load = {
        ratePerSecond: 2000,
        requests: 200,
        seconds: 60,
        seed,
        batch: 1,
        nextRequest: () => ({}),
        send: async () => ({}),
      };
      await openLoop({ ...load, onDone: (request: Done) => done.push(request) });
      return done.map(({ startMs }) => startMs).sort((a, b) => a - b);
    };
    const [one, same, other] = [await dues(1), await dues(1), await dues(2)];
    const gaps = (moments: number[]) => moments.slice(1).map((moment, i) => moment - moments[i]!);
    gaps(one).forEach((gap, i) => expect(gap).toBeCloseTo(gaps(same)[i]!, 3));
    expect(gaps(one)[0]).not.toBeCloseTo(gaps(other)[0]!, 3);
    expect(one.at(-1)! / 200).toBeGreaterThan(0.4); // 0.5 ms apart on average
    expect(one.at(-1)! / 200).toBeLessThan(0.6);
  });
});

it('requests are slices of the dataset, one after another and round again', () => {
  const pairs = ['a', 'b', 'c'].map((name) => [`q${name}`, `d${name}`]);
  const asPairs = requestsOf(pairs, { batch: 2, shape: 'score' });
  expect([asPairs(), asPairs()]).toEqual([{ pairs: [pairs[0], pairs[1]] }, { pairs: [pairs[2], pairs[0]] }]);
  expect(requestsOf(pairs, { batch: 2, shape: 'rank' })()).toEqual({ query: 'qa', documents: ['da', 'db'] });
});
