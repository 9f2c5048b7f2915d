import { describePoint, pooledLatencies } from '../run/run-experiment.mjs';
import { percentile, sum } from '../statistics.mjs';
import { qualityAgainst } from './quality.mjs';
import { figure, table } from './table.mjs';

/** Sections that only some experiments have. */
export function specialSections({ runs, endToEnd, reference }, measured) {
  const open = measured.filter(({ point }) => point.load.kind === 'open');
  const beside = measured.filter(({ point }) => point.background);
  const bounded = measured.filter(({ run, point }) => run.options.maxQueueSize || point.shown.shed > 0);
  return [
    ...(open.length > 0 ? ['## Open loop', openLoopTable(open)] : []),
    ...(beside.length > 0 ? ['## Small calls beside large ones', backgroundTable(beside)] : []),
    ...(bounded.length > 0 ? ['## Refused', refusedTable(bounded)] : []),
    ...(endToEnd ? ['## End to end against the device alone', endToEndTable(runs)] : []),
    ...(reference ? [`## Scores against ${reference}`, qualityTable(runs, reference)] : []),
  ];
}

function openLoopTable(points) {
  return (
    table(
      ['Point', 'Offered (requests/s)', 'Served (requests/s)', 'Lat P50', 'Lat P99', 'Generator late P99', 'max'],
      points.map(({ run, point }) => {
        const { requests, wallMs, generatorLateMs, ratePerSecond } = point.shown;
        const latencies = pooledLatencies(point);
        return [
          describePoint(run, point),
          figure(ratePerSecond, 2),
          figure((1000 * requests.length) / wallMs, 2),
          figure(percentile(latencies, 50), 1, 'ms'),
          figure(percentile(latencies, 99), 1, 'ms'),
          figure(generatorLateMs.p99, 2, 'ms'),
          figure(generatorLateMs.max, 2, 'ms'),
        ];
      }),
    ) +
    '\n\nLatency counts from the moment a request was due, over all repeats; rates are those of the median repeat. The ' +
    'generator runs in a thread of its own.'
  );
}

function backgroundTable(points) {
  return table(
    ['Point', 'Requests', 'Lat P50', 'Lat P99', 'Lat max', 'Large calls finished'],
    points.map(({ run, point }) => {
      const latencies = pooledLatencies(point);
      return [
        describePoint(run, point),
        latencies.length,
        ...[50, 99, 100].map((percent) => figure(percentile(latencies, percent), 1, 'ms')),
        sum(point.repeats.map(({ background }) => background.served)),
      ];
    }),
  );
}

function refusedTable(points) {
  return (
    table(
      ['Point', 'Sent', 'Served', 'Refused'],
      points.map(({ run, point: { shown, ...point } }) => [
        describePoint(run, point),
        shown.sent,
        shown.requests.length,
        shown.shed,
      ]),
    ) +
    '\n\nRefused is `ERR_OVERLOADED`; the client waits as long as the error says and goes on with its next request.'
  );
}

function endToEndTable(runs) {
  const rate = ({ points: [point] }) =>
    point.status === 'ok' ? (1000 * point.shown.stats.tokens) / point.shown.wallMs : NaN;
  const [kernel, api] = runs.map(rate);
  return table(
    ['Device alone (tokens/s)', 'End to end (tokens/s)', 'Share'],
    [[figure(kernel, 0), figure(api, 0), figure(api / kernel, 3)]],
  );
}

function qualityTable(runs, reference) {
  return (
    table(
      ['Run', 'Pairs', 'Max logit error', 'Mean logit error', 'Kendall tau', 'Top-10 overlap'],
      qualityAgainst(runs, reference).map(({ label, pairs, maxError, meanError, tau, topTen }) => [
        label,
        pairs,
        maxError.toExponential(1),
        meanError.toExponential(1),
        figure(tau, 4),
        figure(topTen, 3),
      ]),
    ) + '\n\nOver one-query groups of 100 documents (D3).'
  );
}
