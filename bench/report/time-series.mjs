import { concurrencyOf } from './reference-format.mjs';
import { figure, table } from './table.mjs';

const COLUMNS = [
  'Index',
  'GPU Mem (MB)',
  'GPU Util (%)',
  'CPU (%)',
  'Latency (ms)',
  'Throughput',
  'Tokenize (ms)',
  'Inference (ms)',
  'Queue (ms)',
  'Padding (%)',
];
const KEYS = [
  'gpuMemoryMb',
  'gpuPercent',
  'cpuPercent',
  'latencyMs',
  'pairsPerSecond',
  'tokenizationMs',
  'inferenceMs',
  'queueWaitMs',
  'paddingPercent',
];

/** The reference study's time-series document: one row for every half second in which a request finished. */
export function timeSeries(experiment, timestamp) {
  let index = 0;
  const points = experiment.runs.flatMap((run) =>
    run.points.filter(({ status }) => status === 'ok').map((point) => ({ run, point })),
  );
  return (
    [
      '# Dashboard Time-Series Data',
      `**Experiment:** ${experiment.runs[0].title}`,
      `**Generated:** ${timestamp}`,
      ...points.flatMap(({ run, point }, i) => [
        ...(i > 0 ? ['---', '## Configuration'] : []),
        `**Parameters:** ${parameters(run, point)}`,
        table(
          COLUMNS,
          point.shown.samples.map((sample) => [index++, ...KEYS.map((key) => figure(sample[key], 1))]),
        ),
        `**Data rows:** ${point.shown.samples.length}`,
      ]),
    ].join('\n\n') + '\n'
  );
}

function parameters(run, point) {
  const values = {
    backend: run.info.path,
    device: run.info.device,
    batch_size: point.batch,
    concurrency: concurrencyOf(point),
    ...run.options,
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}: ${value}`)
    .join(' | ');
}
