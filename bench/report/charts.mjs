import { label } from '../rivals/field.mjs';
import { describePoint, pairsPerSecondOf } from '../run/run-experiment.mjs';
import { mean, percentile } from '../statistics.mjs';
import { rateOverTime } from './rate.mjs';
import { stagesOf } from './reference-format.mjs';

// The page's plots as Chart.js configurations without colours: the page gives those, for light and dark.

const MOST_SERIES = 8;
const MOST_DOTS = 600;

/** Plots of one experiment, each `{ title, note, config }`, and `height` in pixels where it needs more than the others. */
export function chartsOf(experiment) {
  const points = experiment.runs.flatMap((run) =>
    run.points.filter(({ status }) => status === 'ok').map((point) => ({ run, point })),
  );
  if (points.length === 0) return [];
  const few = points.slice(0, MOST_SERIES);
  const note = points.length > few.length ? `The first ${few.length} of ${points.length} points.` : '';
  return [
    ...(experiment.sweep && points.length > 1 ? [sweepCurve(experiment, points)] : []),
    throughputBars(points),
    { title: 'Latency against throughput of single requests', note, config: scatter(few) },
    { title: 'Latency distribution', note, config: distribution(few) },
    { title: 'Where the time of a call goes', note: '', config: stages(experiment.runs) },
    {
      title: 'Throughput over time',
      note: `The pairs of a request count evenly over its time. ${note}`,
      config: overTime(few, throughputOf, 'pairs/s'),
    },
    { title: 'CPU over time', note: `100 % is one core. ${note}`, config: overTime(few, cpuOf, '% CPU') },
  ].filter(({ config }) => config);
}

/** Pairs per second of everyone, for each of the rivals' workloads. */
export function rivalCharts({ rows }) {
  return Object.entries(rows).map(([workload, everyone]) => {
    const sorted = [...everyone].sort((a, b) => b.pairsPerSecond - a.pairsPerSecond);
    return {
      title: `Pairs per second, ${workload}`,
      note: 'Median of the rounds, at any precision: rates of two precisions are not of the same scores.',
      height: 60 + 26 * sorted.length,
      config: {
        type: 'bar',
        data: {
          labels: sorted.map(({ definition }) => label(definition)),
          datasets: [
            ['mlx-rerank', (row) => row.definition.ours],
            ['rivals', (row) => !row.definition.ours],
          ].map(([name, mine]) => ({
            label: name,
            data: sorted.map((row) => (mine(row) ? round(row.pairsPerSecond) : null)),
            grouped: false,
          })),
        },
        options: { indexAxis: 'y', scales: { x: axis('pairs/s', { beginAtZero: true }) } },
      },
    };
  });
}

const labelOf = ({ run, point }) => describePoint(run, point);
const latenciesOf = (point) => point.shown.requests.map(({ latencyMs }) => latencyMs);
const round = (value) => Math.round(value * 100) / 100;
const axis = (text, rest = {}) => ({ title: { display: true, text }, ...rest });

/** On a linear axis, latencies of 10 documents and of 1,000 would all lie on its two ends. */
function latencyAxis(points) {
  const all = points.flatMap(({ point }) => latenciesOf(point));
  const wide = Math.max(...all) > 20 * Math.min(...all);
  return axis('latency, ms', wide ? { type: 'logarithmic' } : { type: 'linear', beginAtZero: true });
}

function sweepCurve({ sweep }, points) {
  return {
    title: `Sweep over ${sweep}`,
    note: 'Throughput of the median repeat, and mean latency.',
    config: {
      type: 'line',
      data: {
        labels: points.map(labelOf),
        datasets: [
          { label: 'pairs/s', data: points.map(({ point }) => round(pairsPerSecondOf(point.shown))), yAxisID: 'y' },
          {
            label: 'mean latency, ms',
            data: points.map(({ point }) => round(mean(latenciesOf(point)))),
            yAxisID: 'latency',
          },
        ],
      },
      options: {
        scales: {
          y: axis('pairs/s', { beginAtZero: true }),
          latency: axis('ms', { position: 'right', beginAtZero: true, grid: { drawOnChartArea: false } }),
        },
      },
    },
  };
}

function throughputBars(points) {
  const seeds = points.some(({ point }) => point.seed);
  const repeated = points.some(({ point }) => point.repeats.length > 1);
  return {
    title: repeated ? 'Throughput, repeats as median, least and most' : 'Throughput',
    note: seeds ? 'The reference study ran on different, unnamed hardware.' : '',
    height: 60 + 40 * points.length,
    config: {
      type: 'bar',
      data: {
        labels: points.map(labelOf),
        datasets: [
          ...(repeated ? ['median', 'least', 'most'] : ['median']).map((name) => ({
            label: repeated ? name : 'measured',
            data: points.map(({ point }) => round(of(name, point.repeats.map(pairsPerSecondOf)))),
          })),
          ...(seeds ? [{ label: 'reference study', data: points.map(({ point }) => point.seed) }] : []),
        ],
      },
      options: { indexAxis: 'y', scales: { x: axis('pairs/s', { beginAtZero: true }) } },
    },
  };
}

const of = (name, values) =>
  name === 'median' ? percentile(values, 50) : Math[name === 'least' ? 'min' : 'max'](...values);

/** Every n-th, so that a page stays light. */
const thinned = (list) => list.filter((_, i) => i % Math.ceil(list.length / MOST_DOTS) === 0);

function scatter(points) {
  return {
    type: 'scatter',
    data: {
      datasets: points.map((one) => ({
        label: labelOf(one),
        data: thinned(one.point.shown.requests).map(({ latencyMs, pairs }) => ({
          x: round(latencyMs),
          y: round((1000 * pairs) / latencyMs),
        })),
      })),
    },
    options: { scales: { x: latencyAxis(points), y: axis('pairs/s of one request', { beginAtZero: true }) } },
  };
}

const PERCENTS = [...Array.from({ length: 20 }, (_, i) => i * 5), 96, 97, 98, 99, 99.5, 100];

function distribution(points) {
  return {
    type: 'line',
    data: {
      datasets: points.map((one) => ({
        label: labelOf(one),
        data: PERCENTS.map((percent) => ({ x: percent, y: round(percentile(latenciesOf(one.point), percent)) })),
      })),
    },
    options: {
      scales: {
        x: axis('percentile', { type: 'linear', max: 100 }),
        y: latencyAxis(points),
      },
    },
  };
}

function stages(runs) {
  const shown = runs
    .map((run) => ({ run, stages: stagesOf(run.points.filter(({ status }) => status === 'ok')) }))
    .filter(({ stages: known }) => known);
  if (shown.length === 0) return null;
  const names = { tokenization: 'tokenization', queueWait: 'queue wait', inference: 'inference', other: 'other' };
  return {
    type: 'bar',
    data: {
      labels: shown.map(({ run }) => run.label || run.title),
      datasets: Object.entries(names).map(([key, label]) => ({
        label,
        data: shown.map(({ stages: known }) => round((100 * known[key]) / known.endToEnd)),
      })),
    },
    options: {
      indexAxis: 'y',
      scales: { x: axis("% of the calls' time", { stacked: true, max: 100 }), y: { stacked: true } },
    },
  };
}

const throughputOf = ({ requests }) =>
  rateOverTime(requests).map(({ seconds, pairsPerSecond }) => ({ x: round(seconds), y: round(pairsPerSecond) }));

const cpuOf = ({ samples }) =>
  samples
    .filter(({ cpuPercent }) => cpuPercent !== null)
    .map(({ ms, cpuPercent }) => ({ x: round(ms / 1000), y: round(cpuPercent) }));

function overTime(points, seriesOf, unit) {
  const datasets = points.map((one) => ({ label: labelOf(one), data: seriesOf(one.point.shown) }));
  if (datasets.every(({ data }) => data.length < 2)) return null;
  return {
    type: 'line',
    data: { datasets },
    options: { scales: { x: axis('seconds', { type: 'linear' }), y: axis(unit, { beginAtZero: true }) } },
  };
}
