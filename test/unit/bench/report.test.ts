import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referenceReport } from '../../../bench/report/reference-format.mjs';
import { markdown } from '../../../bench/report/write-report.mjs';
import { timeSeries } from '../../../bench/report/time-series.mjs';
import { page } from '../../../bench/report/page.mjs';
import { structureOf } from './report-structure.js';
import { sampleMeasurement, sampleReport, sampleRun } from './sample-run.js';

/** `structureOf` the reference study's report. */
const reference = JSON.parse(readFileSync(join(__dirname, 'reference-report-structure.json'), 'utf8')) as string[];

const latencies = [100, 200, 400, 800, 100, 200, 400, 800, 160, 320];

function rowsUnder(text: string, heading: string): string[][] {
  const section = text.slice(text.indexOf(`${heading}\n`) + heading.length).split(/^#/m)[0]!;
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.slice(2, -2).split(' | '));
}

describe("the report in the reference study's format", () => {
  const text = referenceReport(sampleRun([sampleMeasurement(latencies)]), '2025-01-02 03:04:05') as string;

  it('has its headings, lines, tables, columns, units and decimals, in its order', () => {
    expect(structureOf(text)).toEqual(reference);
  });

  it('computes its figures by its formulas', () => {
    // The figures are NumPy's for these latencies and 32 / latency; four clients need 1200 ms for them.
    expect(rowsUnder(text, '## Results Summary')).toEqual([
      ['32', '4', '320', '1.20', '348.0ms', '800.0ms', '800.0ms', '266.7', '320.0'],
    ]);
    expect(Object.fromEntries(rowsUnder(text, '#### Latency (ms)'))).toEqual({
      Average: '348.00',
      Min: '100.00',
      Max: '800.00',
      'Std Dev': '248.39',
      P50: '260.00',
      P90: '800.00',
      P95: '800.00',
      P99: '800.00',
    });
    expect(Object.fromEntries(rowsUnder(text, '#### Throughput (pairs/s)'))).toMatchObject({
      Average: '266.67',
      Min: '40.00',
      Max: '320.00',
      P50: '130.00',
    });
    expect(rowsUnder(text, '#### Latency vs Throughput Analysis')).toEqual([
      ['< 260.0ms (P50)', '232.00', '160.00', '320.00', '5'],
      ['260.0-400.0ms (P50-P75)', '100.00', '100.00', '100.00', '1'],
      ['400.0-800.0ms (P75-P90)', '80.00', '80.00', '80.00', '2'],
      ['>= 800.0ms (P90+)', '40.00', '40.00', '40.00', '2'],
    ]);
    expect(rowsUnder(text, '### Stage Breakdown')).toEqual([
      ['Tokenization', '12.5%'],
      ['Queue Wait', '12.5%'],
      ['Model Inference', '50.0%'],
      ['Other/gRPC', '25.0%'],
    ]);
    // Warm-up counts here, as in the study: 320 + 8 pairs in 1200 + 10 ms.
    expect(rowsUnder(text, '### Per-Worker Statistics')).toEqual([['0', '317.3', '800.0', '271.1', '328']]);
    expect(rowsUnder(text, '## Dashboard Metrics Summary')[0]).toEqual([
      'GPU Memory (MB)',
      '513.0',
      '512.3',
      '513.8',
      '513.0',
      '513.7',
    ]);
  });

  it('says of every identity that it is one', () => {
    for (const heading of [
      '## Results Summary',
      '#### Throughput (pairs/s)',
      '#### Latency vs Throughput Analysis',
    ]) {
      const section = text.slice(text.indexOf(heading) + heading.length).split(/^#/m)[0]!;
      expect(section).toMatch(/^> .*identity/m);
    }
  });

  it('prints a dash for what could not be measured, and zero for what is zero', () => {
    const measurement = sampleMeasurement(latencies);
    for (const sample of measurement.samples as Record<string, unknown>[])
      Object.assign(sample, { gpuMemoryMb: null, gpuPercent: null, paddingPercent: 0 });
    const without = referenceReport(sampleRun([{ ...measurement, stats: null }]), 'now') as string;
    const rows = Object.fromEntries(
      rowsUnder(without, '## Dashboard Metrics Summary').map(([name, ...values]) => [name, values]),
    );
    expect(rows['GPU Memory (MB)']).toEqual(Array(5).fill('-'));
    expect(rows['Padding Waste (%)']).toEqual(Array(5).fill('0.0'));
    expect(rowsUnder(without, '### Stage Breakdown').map(([, share]) => share)).toEqual(Array(4).fill('-'));
  });

  it('keeps the row of a point that failed, and the figures of the others', () => {
    const run = sampleRun([sampleMeasurement(latencies)]);
    run.points.unshift(sampleRun([{ status: 'error', error: 'ERR_DEVICE: it broke' }]).points[0]!);
    const mixed = markdown(sampleReport([run])) as string;
    expect(rowsUnder(mixed, '## Results Summary')).toEqual([
      ['32', '4', 'ERROR', '-', '-', '-', '-', '-', '-'],
      ['32', '4', '320', '1.20', '348.0ms', '800.0ms', '800.0ms', '266.7', '320.0'],
    ]);
    expect(mixed).toContain('ERR_DEVICE: it broke');
    expect(mixed).toContain('### Config 2: batch=32, concurrency=4');
    expect(mixed).not.toContain('### Config 1:');
  });

  it('is whole when nothing could be measured', () => {
    const text = markdown(sampleReport([sampleRun([{ status: 'error', error: 'gone' }])])) as string;
    expect(rowsUnder(text, '## Overall Summary')[0]).toEqual(['Best Throughput', '-', '-']);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('our sections', () => {
  const slow = sampleMeasurement([400, 400, 400, 400]);
  const fast = sampleMeasurement([100, 100, 100, 100]);
  const text = markdown(sampleReport([sampleRun([sampleMeasurement([200, 200, 200, 200]), slow, fast])])) as string;

  it("follow the study's format and name the dataset, the hardware and the hash", () => {
    expect(text.indexOf('# Behind these figures')).toBeGreaterThan(text.indexOf('## Dashboard Time-Series Data'));
    for (const fact of [
      'Some CPU',
      'Some GPU',
      'ab'.repeat(32),
      'sample text',
      'different, unnamed hardware',
      '671.6',
    ])
      expect(text).toContain(fact);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('give median, least and most over the repeats', () => {
    expect(rowsUnder(text, '## Repeats')[0]!.slice(1, 5)).toEqual(['3', '640.0', '320.0', '1280.0']);
  });
});

it("the time-series file has a row for each sample under the study's columns", () => {
  const text = timeSeries(
    sampleReport([sampleRun([sampleMeasurement(latencies)])]).experiments[0],
    'now',
  ) as string;
  expect(text).toContain(
    '| Index | GPU Mem (MB) | GPU Util (%) | CPU (%) | Latency (ms) | Throughput | Tokenize (ms) | Inference (ms) | Queue (ms) | Padding (%) |',
  );
  expect(text).toContain('| 0 | 512.3 | 90.0 | 12.3 | 10.0 | 100.0 | 1.0 | 4.0 | 1.0 | 2.0 |\n| 1 |');
});

it('rivals come last, in the document as their own tables and on the page as bars', () => {
  const row = (name: string, ours: boolean, pairsPerSecond: number) => ({
    definition: { name, ours, precision: 'float32', options: { threads: 2 } },
    pairsPerSecond,
  });
  const rivals = {
    markdown: '| who | pairs/s |',
    rows: { mixed: [row('slow', false, 50), row('mlx-rerank', true, 117.25), row('quick', false, 80)] },
  };
  const report = { ...sampleReport([sampleRun([sampleMeasurement(latencies)])]), rivals };
  expect((markdown(report) as string).trimEnd().split('\n').slice(-3)).toEqual(['# Rivals', '', '| who | pairs/s |']);
  const bars = /"labels":(\["mlx-rerank, float32, 2 threads","quick, float32","slow, float32"\])/;
  expect(page(report)).toMatch(bars);
  expect(page(report)).toContain('"data":[117.25,null,null]');
  expect(page(report)).toContain('"data":[null,80,50]');
});

it('the page needs nothing but itself, and no text can leave its script', () => {
  const run = { ...sampleRun([sampleMeasurement(latencies)]), label: '</script><b>' };
  const text = page(sampleReport([run])) as string;
  expect(text).not.toMatch(/(src|href)\s*=\s*["']?(https?:)?\/\//);
  expect(text.match(/<\/script>/g)).toHaveLength(2);
  expect(text).toContain('&lt;/script&gt;&lt;b&gt;');
});
