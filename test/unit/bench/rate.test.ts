import { expect, it } from 'vitest';
import { rateOverTime } from '../../../bench/report/rate.mjs';

const rates = (requests: { startMs: number; latencyMs: number; pairs: number }[]) =>
  rateOverTime(requests).map(({ pairsPerSecond }: { pairsPerSecond: number }) => pairsPerSecond);

it('spreads the pairs of a request evenly over its time', () => {
  expect(rates([{ startMs: 0, latencyMs: 4000, pairs: 100 }])).toEqual([25, 25, 25, 25]);
  expect(rates([{ startMs: 500, latencyMs: 2000, pairs: 100 }])).toEqual([25, 50]);
});

it('adds up requests that overlap, and loses none of their pairs', () => {
  const requests = [
    { startMs: 0, latencyMs: 1500, pairs: 30 },
    { startMs: 250, latencyMs: 2750, pairs: 55 },
    { startMs: 1500, latencyMs: 1500, pairs: 12 },
  ];
  expect(rates(requests).reduce((a: number, b: number) => a + b, 0)).toBeCloseTo(97, 9);
});

it('keeps a long run to 120 steps, in the middle of which each is drawn', () => {
  const steps = rateOverTime([{ startMs: 0, latencyMs: 600_000, pairs: 6000 }]);
  expect(steps).toHaveLength(120);
  expect(steps[1]).toEqual({ seconds: 7.5, pairsPerSecond: expect.closeTo(10, 9) });
});
