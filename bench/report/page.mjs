import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describePoint, pairsPerSecondOf } from '../run/run-experiment.mjs';
import { mean, percentile } from '../statistics.mjs';
import { chartsOf, rivalCharts } from './charts.mjs';
import { figure } from './table.mjs';

const PLOT_HEIGHT = 340;

const chartLibrary = () =>
  readFileSync(
    path.join(path.dirname(createRequire(import.meta.url).resolve('chart.js')), 'chart.umd.min.js'),
    'utf8',
  );
const asset = (name) => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
const escape = (text) =>
  String(text).replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character],
  );
/** Nothing in a script element may look like its end. */
const inScript = (text) => text.replace(/<(?=\/script|!--)/gi, '\\x3c');

/** One page with every plot, that needs nothing but itself. */
export function page({ experiments, machine, timestamp, rivals }) {
  const charts = [...experiments.map(chartsOf), ...(rivals ? [rivalCharts(rivals)] : [])];
  const sections = experiments.map((experiment, i) => section(experiment, charts[i], i));
  if (rivals) sections.push(rivalSection());
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mlx-rerank bench, ${escape(timestamp)}</title>
<style>${asset('style.css')}</style>
</head>
<body>
<header>
<h1>mlx-rerank bench</h1>
<p>${escape(machine.cpu)}, ${machine.usableCores} cores, ${escape(machine.os)}, Node ${escape(machine.node)}. Load average before: ${machine.loadAverage.join(', ')}. ${escape(timestamp)}.</p>
</header>
<main>
${sections.join('\n')}
</main>
<script>${inScript(chartLibrary())}</script>
<script>const charts = ${inScript(JSON.stringify(charts.flat().map(({ config }) => config)))};
${asset('draw.js')}</script>
</body>
</html>
`;

  function section(experiment, own, position) {
    return `<section>
<h2>${escape(experiment.id)} ${escape(experiment.name)}</h2>
<p>${escape(experiment.about)}. ${datasetsAndPaths(experiment)}</p>
${resultTable(experiment)}
${plots(own, position)}
</section>`;
  }

  function rivalSection() {
    return `<section>
<h2>Rivals</h2>
<p>Same model, same pairs, taking turns; the tables with errors, CPU time and settings are in the Markdown report.</p>
${plots(charts.at(-1), charts.length - 1)}
</section>`;
  }

  function plots(own, position) {
    const before = charts.slice(0, position).flat().length;
    return `<div class="charts">\n${own.map((chart, k) => plot(chart, before + k)).join('\n')}\n</div>`;
  }
}

function plot({ title, note, height = 0 }, id) {
  const caption = `<figcaption>${escape(title)}${note ? `<small>${escape(note)}</small>` : ''}</figcaption>`;
  const canvas = `<canvas id="chart-${id}" role="img" aria-label="${escape(title)}"></canvas>`;
  return `<figure>${caption}<div class="plot" style="height: ${Math.max(PLOT_HEIGHT, height)}px">${canvas}</div></figure>`;
}

function datasetsAndPaths({ runs }) {
  const unique = (values) => [...new Set(values)].join('; ');
  const datasets = unique(runs.map(({ dataset }) => `${dataset.name}: ${dataset.description}`));
  const paths = unique(
    runs
      .filter(({ info }) => info)
      .map(({ info }) => `${info.model} on ${info.deviceName}, path ${info.path}, ${info.dtype}`),
  );
  return escape(`Dataset ${datasets}. ${paths}.`);
}

function resultTable({ runs }) {
  const cell = (value, tag = 'td') => `<${tag}>${escape(value)}</${tag}>`;
  const row = (cells, tag) => `<tr>${cells.map((value) => cell(value, tag)).join('')}</tr>`;
  const rows = runs.flatMap((run) =>
    run.points.map((point) => {
      const label = describePoint(run, point);
      if (point.status !== 'ok')
        return row([label, point.status === 'error' ? 'ERROR' : 'not here', ...Array(5).fill('-')]);
      const latencies = point.shown.requests.map(({ latencyMs }) => latencyMs);
      const { pairs, wallMs, stats } = point.shown;
      return row([
        label,
        pairs,
        figure(pairsPerSecondOf(point.shown), 1),
        figure((1000 * stats?.tokens) / wallMs, 0),
        figure(mean(latencies), 1),
        figure(percentile(latencies, 50), 1),
        figure(percentile(latencies, 99), 1),
      ]);
    }),
  );
  return `<div class="scroll"><table>${row(['point', 'pairs', 'pairs/s', 'tokens/s', 'mean, ms', 'p50, ms', 'p99, ms'], 'th')}${rows.join('')}</table></div>`;
}
