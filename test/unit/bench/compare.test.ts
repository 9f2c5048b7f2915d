import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compareReports } from '../../../bench/compare.mjs';
import { sampleInfo, sampleMeasurement, sampleReport, sampleRun } from './sample-run.js';

const folder = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));

function saved(name: string, latencyMs: number, repeats: number, change: object = {}): string {
  const measurements = Array.from({ length: repeats }, (_, i) =>
    sampleMeasurement(Array.from({ length: 40 }, (_, k) => latencyMs + i + (k % 5))),
  );
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(sampleReport([{ ...sampleRun(measurements), ...change }])));
  return file;
}

it('gives ratios with intervals, and what changed', () => {
  const text = compareReports(
    saved('a.json', 100, 3),
    saved('b.json', 200, 3, { info: { ...sampleInfo, dtype: 'float32' } }),
  ) as string;
  expect(text).toContain('dtype: float16 -> float32');
  const [, throughput, latency] = text
    .split('\n')
    .find((line) => line.startsWith('| R0 batch=32'))!
    .split(' | ');
  const bounds = (cell: string) => /^(\d\.\d+) \((\d\.\d+) to (\d\.\d+)\)$/.exec(cell)!.slice(1).map(Number);
  const [ratio, low, high] = bounds(latency!);
  expect(ratio).toBeGreaterThan(1.9);
  expect(low).toBeLessThanOrEqual(ratio!);
  expect(high).toBeGreaterThanOrEqual(ratio!);
  expect(bounds(throughput!)[0]).toBeLessThan(0.6);
});

it('claims no interval from too few repeats, and names points that only one report has', () => {
  const text = compareReports(saved('c.json', 100, 1), saved('d.json', 100, 1)) as string;
  expect(text).toContain('no interval: fewer than 3 repeats');
  expect(text).toContain('Machine, versions, model and settings are the same.');
  const other = saved('e.json', 100, 1, {
    points: [{ ...sampleRun([sampleMeasurement([1])]).points[0], batch: 64 }],
  });
  expect(compareReports(saved('f.json', 100, 1), other)).toMatch(
    /Only in one: R0 batch=32[^]*Only in one: R0 batch=64/,
  );
});
