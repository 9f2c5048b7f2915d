import { expect, it } from 'vitest';
import { checkPoint } from '../../../bench/report/checks.mjs';
import { sampleMeasurement, sampleRun } from './sample-run.js';

type Measurement = ReturnType<typeof sampleMeasurement>;

/** Verdicts by check, of 100 requests of 4 clients that `change` has tampered with. */
function verdicts(change: (measurement: Measurement) => void, point: object = {}): Record<string, boolean | null> {
  const measurement = sampleMeasurement(Array.from({ length: 100 }, (_, i) => 100 + (i % 7)));
  change(measurement);
  const checks = checkPoint(sampleRun([measurement], point).points[0]) as { name: string; ok: boolean | null }[];
  return Object.fromEntries(checks.map(({ name, ok }) => [name, ok]));
}

it('sound figures pass', () => {
  expect(verdicts(() => {})).toEqual({
    'Pairs = throughput x time': true,
    'warm-up left out': true,
    "Little's law": true,
    'stages sum to the whole': true,
    'latency buckets sum': true,
  });
});

it('idle clients, lost stages, counted warm-up and wrong totals are seen', () => {
  expect(verdicts((measurement) => (measurement.wallMs *= 1.2))["Little's law"]).toBe(false);
  expect(verdicts((measurement) => (measurement.stats.stages.queueWaitMs *= 0.5))['stages sum to the whole']).toBe(
    false,
  );
  expect(verdicts((measurement) => (measurement.pairs += 32))).toMatchObject({
    'warm-up left out': false,
    'Pairs = throughput x time': false,
  });
});

it('nothing is said where a law does not apply', () => {
  expect(verdicts(() => {}, { load: { kind: 'open', fraction: 0.5 } })["Little's law"]).toBeNull();
  expect(verdicts(() => {}, { concurrency: 64 })["Little's law"]).toBeNull();
});
