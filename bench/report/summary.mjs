import { pairsPerSecondOf, pooledLatencies } from '../run/run-experiment.mjs';
import { median, percentile } from '../statistics.mjs';
import { concurrencyOf } from './reference-format.mjs';
import { figure } from './table.mjs';

const columns = (rows) => {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padStart(widths[i])).join('   ')}`).join('\n');
};

/** The terminal's first lines: what one caller with one query gets. */
export function rerankSummary({ runs: [run] }, machine) {
  const { info, points } = run;
  if (!info) return `Nothing could be measured: ${points[0].error}`;
  const rows = points.map((point) => {
    if (point.status !== 'ok') return [String(point.batch), 'ERROR', '-', '-', '-', '-', '-'];
    const latencies = pooledLatencies(point);
    const { peakRssBytes, loadMs } = point.shown;
    return [
      String(point.batch),
      figure(percentile(latencies, 50), 1, ' ms'),
      figure(percentile(latencies, 95), 1, ' ms'),
      String(latencies.length),
      figure(median(point.repeats.map(pairsPerSecondOf)), 1),
      figure(peakRssBytes / 2 ** 20, 0, ' MB'),
      figure(loadMs, 0, ' ms'),
    ];
  });
  const busy = machine.loadAverage[0] > 1 ? ` Busy before: load average ${machine.loadAverage[0]}.` : '';
  const cpuFacts = info.path === 'cpu' ? `, ${info.instructionSet}, threads: ${info.threads}` : '';
  return [
    `One query, dataset ${run.dataset.name}, model ${info.model}, ${info.dtype}`,
    `path ${info.path}${cpuFacts}, device ${info.device}: ${info.reason}`,
    `${machine.cpu}, ${machine.usableCores} cores, Node ${machine.node}.${busy}`,
    '',
    columns([['documents', 'p50', 'p95', 'calls', 'pairs/s', 'peak memory', 'load'], ...rows]),
  ].join('\n');
}

/** A few lines about any other experiment. */
export function experimentSummary({ id, name, runs }) {
  const rows = runs.flatMap((run) =>
    run.points.map((point) => {
      const config = [run.label || run.title, String(point.batch), concurrencyOf(point)];
      if (point.status !== 'ok') return [...config, point.status === 'error' ? 'ERROR' : 'not here', '-', '-'];
      const rates = point.repeats.map(pairsPerSecondOf);
      const latencies = pooledLatencies(point);
      return [
        ...config,
        figure(median(rates), 1),
        figure(percentile(latencies, 50), 1, ' ms'),
        figure(percentile(latencies, 99), 1, ' ms'),
      ];
    }),
  );
  const errors = runs.flatMap((run) =>
    run.points
      .filter(({ error }) => error)
      .map((point) => `  ${run.label || run.title}, batch ${point.batch}: ${point.error}`),
  );
  const datasets = [...new Set(runs.map(({ dataset }) => dataset.name))].join(', ');
  return [
    `${id} ${name}, dataset ${datasets}`,
    '',
    columns([['run', 'batch', 'conc', 'pairs/s', 'p50', 'p99'], ...rows]),
    ...errors,
  ].join('\n');
}
