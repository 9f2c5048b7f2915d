import { describe, mean, pearson, percentile, sum } from '../statistics.mjs';
import { pairsPerSecondOf } from '../run/run-experiment.mjs';
import { figure, table } from './table.mjs';

// The reference study's report: its headings, columns, units, rounding and formulas. Lines that begin with > are ours.

/** One document for a run of an experiment. */
export function referenceReport(run, timestamp) {
  const shown = run.points.filter((point) => point.status === 'ok');
  return [
    ...head(run, timestamp),
    '## Results Summary',
    resultsSummary(run.points),
    "> TP P95 is an identity: batch / latency of single requests, one client's rate, at its 95th percentile. With several clients it lies below TP Avg.",
    ...run.points.filter((point) => point.status !== 'ok').map((point) => `> ${configOf(point)}: ${point.error}`),
    '## Detailed Metrics',
    ...run.points.flatMap((point, i) => (point.status === 'ok' ? details(point, i + 1) : [])),
    '## Overall Summary',
    overallSummary(shown),
    '## Dashboard Metrics Summary',
    dashboard(shown),
    '### Stage Breakdown',
    stageBreakdown(shown),
    '### Per-Worker Statistics',
    workers(shown),
    '## Dashboard Time-Series Data',
    `Full time-series data is available in: \`${run.timeSeries}\``,
  ].join('\n\n');
}

export const concurrencyOf = ({ load, concurrency }) =>
  load.kind === 'open' ? `open loop ${Math.round(load.fraction * 100)}%` : String(concurrency);
const configOf = (point) => `batch=${point.batch}, conc=${concurrencyOf(point)}`;

function head({ title, description, info, batching }, timestamp) {
  return [
    `# ${title}`,
    `_${description}_`,
    `**Timestamp:** ${timestamp}`,
    `**Model:** \`${info?.model ?? '-'}\``,
    `**Backend:** \`${info?.path ?? '-'}\` | **Device:** \`${info?.device ?? '-'}\``,
    batching && `**Dynamic Batching:** enabled (max_batch=${batching.maxBatch}, timeout=${batching.timeoutMs}ms)`,
  ].filter(Boolean);
}

const latenciesOf = ({ shown }) => shown.requests.map(({ latencyMs }) => latencyMs);
const ratesOf = ({ shown }) => shown.requests.map(({ latencyMs, pairs }) => (1000 * pairs) / latencyMs);
const millis = (value) => figure(value, 1, 'ms');

function resultsSummary(points) {
  const columns = ['Batch', 'Conc', 'Pairs', 'Time(s)', 'Lat Avg', 'Lat P95', 'Lat P99', 'TP Avg', 'TP P95'];
  return table(
    columns,
    points.map((point) => {
      const config = [point.batch, concurrencyOf(point)];
      if (point.status !== 'ok')
        return [...config, point.status === 'error' ? 'ERROR' : '-', ...Array(6).fill('-')];
      const latencies = latenciesOf(point);
      return [
        ...config,
        point.shown.pairs,
        figure(point.shown.wallMs / 1000, 2),
        millis(mean(latencies)),
        millis(percentile(latencies, 95)),
        millis(percentile(latencies, 99)),
        figure(pairsPerSecondOf(point.shown), 1),
        figure(percentile(ratesOf(point), 95), 1),
      ];
    }),
  );
}

function details(point, number) {
  const latencies = latenciesOf(point);
  const rates = ratesOf(point);
  return [
    `### Config ${number}: batch=${point.batch}, concurrency=${concurrencyOf(point)}`,
    `**Total:** ${point.shown.pairs} pairs in ${figure(point.shown.wallMs / 1000, 2)}s`,
    `#### Latency (ms)\n${metricTable(describe(latencies))}`,
    `#### Throughput (pairs/s)\n${metricTable({ ...describe(rates), average: pairsPerSecondOf(point.shown) })}`,
    '> Every row but Average is an identity: batch / latency of single requests. Average is pairs / time of all clients.',
    '#### Latency vs Throughput Analysis',
    bucketTable(latencyBuckets(latencies, rates)),
    `**Correlation:** ${figure(pearson(latencies, rates), 3)} (negative correlation expected: lower latency = higher throughput)`,
    '> An identity: throughput here is batch / latency, so table and correlation only measure how much latencies differ.',
  ];
}

function metricTable(metrics) {
  const names = {
    average: 'Average',
    min: 'Min',
    max: 'Max',
    standardDeviation: 'Std Dev',
    p50: 'P50',
    p90: 'P90',
    p95: 'P95',
    p99: 'P99',
  };
  return table(
    ['Metric', 'Value'],
    Object.entries(names).map(([key, name]) => [name, figure(metrics[key], 2)]),
  );
}

/** Requests by latency: below the median, to P75, to P90, and the rest. Empty ones are left out. */
export function latencyBuckets(latencies, rates) {
  const [p50, p75, p90] = [50, 75, 90].map((percent) => percentile(latencies, percent));
  const edges = [-Infinity, p50, p75, p90, Infinity];
  const labels = [
    `< ${p50.toFixed(1)}ms (P50)`,
    `${p50.toFixed(1)}-${p75.toFixed(1)}ms (P50-P75)`,
    `${p75.toFixed(1)}-${p90.toFixed(1)}ms (P75-P90)`,
    `>= ${p90.toFixed(1)}ms (P90+)`,
  ];
  return labels
    .map((label, i) => ({
      label,
      rates: rates.filter((_, k) => latencies[k] >= edges[i] && latencies[k] < edges[i + 1]),
    }))
    .filter((bucket) => bucket.rates.length > 0);
}

function bucketTable(buckets) {
  return table(
    ['Latency Range', 'Avg Throughput', 'Min Throughput', 'Max Throughput', 'Count'],
    buckets.map(({ label, rates }) => {
      const { average, min, max } = describe(rates);
      return [label, figure(average, 2), figure(min, 2), figure(max, 2), rates.length];
    }),
  );
}

function overallSummary(points) {
  const all = points.map((point) => ({
    config: configOf(point),
    rate: pairsPerSecondOf(point.shown),
    latency: mean(latenciesOf(point)),
  }));
  const fastest = all.reduce((a, b) => (b.rate > a.rate ? b : a), all[0]);
  const quickest = all.reduce((a, b) => (b.latency < a.latency ? b : a), all[0]);
  return table(
    ['Metric', 'Value', 'Config'],
    [
      ['Best Throughput', figure(fastest?.rate, 2, ' p/s'), fastest?.config ?? '-'],
      ['Best Latency', figure(quickest?.latency, 2, 'ms'), quickest?.config ?? '-'],
      ['Avg Throughput', figure(mean(all.map(({ rate }) => rate)), 2, ' p/s'), 'all configs'],
      ['Avg Latency', figure(mean(all.map(({ latency }) => latency)), 2, 'ms'), 'all configs'],
    ],
  );
}

const DASHBOARD = {
  'GPU Memory (MB)': 'gpuMemoryMb',
  'GPU Utilization (%)': 'gpuPercent',
  'CPU Usage (%)': 'cpuPercent',
  'Tokenization (ms)': 'tokenizationMs',
  'Inference (ms)': 'inferenceMs',
  'Queue Wait (ms)': 'queueWaitMs',
  'Padding Waste (%)': 'paddingPercent',
};

function dashboard(points) {
  const samples = points.flatMap(({ shown }) => shown.samples);
  return table(
    ['Metric', 'Avg', 'Min', 'Max', 'P50', 'P95'],
    Object.entries(DASHBOARD).map(([name, key]) => {
      const values = samples.map((sample) => sample[key]).filter((value) => value !== null);
      const { average, min, max, p50, p95 } = values.length > 0 ? describe(values) : {};
      return [name, ...[average, min, max, p50, p95].map((value) => figure(value, 1))];
    }),
  );
}

/** Stage times of all calls together, in ms; null when the target does not keep them. */
export function stagesOf(points) {
  const stages = points.map(({ shown }) => shown.stats?.stages).filter(Boolean);
  if (stages.length === 0) return null;
  const total = (key) => sum(stages.map((stage) => stage[key]));
  return {
    tokenization: total('tokenizationMs'),
    queueWait: total('queueWaitMs'),
    inference: total('inferenceMs'),
    other: total('otherMs'),
    endToEnd: total('endToEndMs'),
  };
}

function stageBreakdown(points) {
  const stages = stagesOf(points);
  const share = (key) => figure((100 * stages?.[key]) / stages?.endToEnd, 1, '%');
  return table(
    ['Stage', 'Percentage'],
    [
      ['Tokenization', share('tokenization')],
      ['Queue Wait', share('queueWait')],
      ['Model Inference', share('inference')],
      ['Other/gRPC', share('other')],
    ],
  );
}

/** As the study counts: warm-up requests are served requests, and time runs from a worker's first. */
function workers(points) {
  const count = Math.max(0, ...points.map(({ shown }) => shown.workers.length));
  const columns = ['Worker ID', 'Avg Latency (ms)', 'P95 Latency (ms)', 'Throughput (q/s)', 'Queries'];
  return table(
    columns,
    Array.from({ length: count }, (_, id) => {
      const served = points.map(({ shown }) => shown.workers[id]).filter(Boolean);
      const warmup = served.flatMap(({ warmupRequests }) => warmupRequests);
      const requests = [...warmup, ...served.flatMap((worker) => worker.requests)];
      const latencies = requests.map(({ latencyMs }) => latencyMs);
      const queries = sum(requests.map(({ pairs }) => pairs));
      const ms = sum(served.map(({ wallMs }) => wallMs)) + sum(warmup.map(({ latencyMs }) => latencyMs));
      return [
        id,
        figure(mean(latencies), 1),
        figure(percentile(latencies, 95), 1),
        figure((1000 * queries) / ms, 1),
        queries,
      ];
    }),
  );
}
