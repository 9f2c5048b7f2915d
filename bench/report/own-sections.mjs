import { describePoint, pairsPerSecondOf } from '../run/run-experiment.mjs';
import { mean, median, percentile } from '../statistics.mjs';
import { checkPoint } from './checks.mjs';
import { specialSections } from './special-sections.mjs';
import { figure, megabytes, table } from './table.mjs';

/** What stands behind the figures of an experiment: ours alone, after the reference study's format. */
export function ownSections(experiment, machine, settings) {
  const { runs } = experiment;
  const points = runs.flatMap((run) => run.points.map((point) => ({ run, point })));
  const measured = points.filter(({ point }) => point.status === 'ok');
  return [
    '# Behind these figures',
    `${experiment.id} ${experiment.name} (${experiment.support}): ${experiment.about}.`,
    '## Machine',
    machineTable(machine, runs),
    '## Settings',
    settingsTable(runs, settings),
    '## Dataset',
    ...datasets(runs),
    '## Work',
    workTable(measured),
    '## Repeats',
    repeatsTable(measured),
    '## Beside the reference study',
    besideTable(measured),
    ...specialSections(experiment, measured),
    '## Checks',
    checksTable(measured),
  ].join('\n\n');
}

function machineTable(machine, runs) {
  const infos = runs.map(({ info }) => info).filter(Boolean);
  const all = (get) => [...new Set(infos.map(get).filter(Boolean))].join('; ') || '-';
  return table(
    ['What', 'Value'],
    [
      ['CPU', machine.cpu],
      ['Cores', `${machine.usableCores} usable of ${machine.logicalCores} logical`],
      ['Instruction set', all((info) => info.instructionSet)],
      ['Threads', all((info) => info.threads)],
      ['GPU', all((info) => info.device === 'gpu' && info.deviceName)],
      ['Memory', megabytes(machine.memoryBytes)],
      ['System', machine.os],
      ['Load average before', machine.loadAverage.join(', ')],
      ['Path', all((info) => `${info.path}, ${info.dtype}: ${info.reason}`)],
      ['Tokenizer', all((info) => info.tokenizer)],
      [
        'Versions',
        [
          `Node ${machine.node}, V8 ${machine.v8}`,
          `mlx-rerank ${all((info) => info.versions?.package)}, MLX ${all((info) => info.versions?.mlx)}`,
          `commit ${machine.commit ?? '-'}`,
        ].join(', '),
      ],
      ['Model', all((info) => `${info.model}${info.revision ? ` at ${info.revision}` : ''}`)],
      ['Weights, SHA-256', all((info) => `\`${info.sha256}\``)],
    ],
  );
}

function settingsTable(runs, { command }) {
  return (
    table(
      ['Run', 'Options of load', 'Dataset', 'Points'],
      [
        ...runs.map((run) => [
          run.label || '-',
          Object.keys(run.options).length > 0 ? `\`${JSON.stringify(run.options)}\`` : 'defaults',
          run.dataset.name,
          run.points.length,
        ]),
      ],
    ) + `\n\nCommand: \`${command}\``
  );
}

function datasets(runs) {
  const keyed = new Map(
    runs
      .filter(({ dataset }) => dataset.lengths)
      .map((run) => [`${run.dataset.name}, at most ${run.info.limits.maxLength} tokens a pair`, run.dataset]),
  );
  return [...keyed].flatMap(([name, { description, lengths }]) => [
    `**${name}:** ${description}.`,
    table(
      ['Tokens a pair', 'Mean', 'P5', 'P25', 'P50', 'P75', 'P90', 'P95', 'P99', 'Max', 'Cut'],
      [
        [
          `${lengths.pairs} looked at`,
          figure(lengths.mean, 1),
          lengths.p5,
          lengths.p25,
          lengths.p50,
          lengths.p75,
          lengths.p90,
          lengths.p95,
          lengths.p99,
          lengths.max,
          figure(100 * lengths.truncatedShare, 1, '%'),
        ],
      ],
    ),
    table(['Tokens', 'Share of pairs', ''], histogramRows(lengths)),
    table(
      ['Padded batches of', ...lengths.padding.map(({ batch }) => String(batch))],
      [
        [
          'padding, order of arrival',
          ...lengths.padding.map(({ arrivalOrder }) => figure(100 * arrivalOrder, 1, '%')),
        ],
        ['padding, sorted in windows of 256', ...lengths.padding.map(({ sorted }) => figure(100 * sorted, 1, '%'))],
      ],
    ) +
      '\n\nNo padded batches exist here: this is what they would compute in vain on the same pairs. Ours is under Work.',
  ]);
}

function histogramRows({ histogram, longer, pairs }) {
  const rows = [...histogram.map(({ from, to, pairs: count }) => [`${from}-${to - 1}`, count]), ['longer', longer]];
  return rows
    .filter(([, count]) => count > 0)
    .map(([label, count]) => [
      label,
      figure((100 * count) / pairs, 1, '%'),
      '█'.repeat(Math.round((40 * count) / pairs)),
    ]);
}

function workTable(measured) {
  const columns = [
    'Point',
    'Real tokens/s',
    'Computed tokens/s',
    'Dummies',
    'Pairs a batch',
    'Device busy',
    'CPU ms/pair',
    'Peak RSS',
    'Load',
    'Import',
    'Loop delay p99',
    'max',
    'Stopped by',
  ];
  return (
    table(
      columns,
      measured.map(({ run, point }) => {
        const { stats, wallMs, cpuMs, pairs, peakRssBytes, loadMs, importMs, eventLoop, stoppedBy, sent } =
          point.shown;
        const perSecond = (count) => figure((1000 * count) / wallMs, 0);
        return [
          describePoint(run, point),
          perSecond(stats?.tokens),
          perSecond(stats?.computedTokens),
          figure(100 * (1 - stats?.tokens / stats?.computedTokens), 1, '%'),
          figure(stats?.batchPairs / stats?.batches, 1),
          figure((100 * stats?.busyMs) / wallMs, 1, '%'),
          figure(cpuMs / pairs, 3),
          megabytes(peakRssBytes),
          figure(loadMs ?? NaN, 0, ' ms'),
          figure(importMs, 0, ' ms'),
          figure(eventLoop.p99Ms, 1, ' ms'),
          figure(eventLoop.maxMs, 1, ' ms'),
          `${stoppedBy}, ${sent} sent`,
        ];
      }),
    ) +
    '\n\nCPU time is that of the whole process, tokenizer and compute threads included. Loop delay is how late timers of the main thread were.'
  );
}

function repeatsTable(measured) {
  return (
    table(
      ['Point', 'Repeats', 'TP median', 'TP min', 'TP max', 'Lat Avg median', 'Lat P50', 'Lat P95', 'Lat P99'],
      measured.map(({ run, point }) => {
        const rates = point.repeats.map(pairsPerSecondOf);
        const over = (statistic) =>
          figure(
            median(point.repeats.map(({ requests }) => statistic(requests.map(({ latencyMs }) => latencyMs)))),
            1,
            'ms',
          );
        return [
          describePoint(run, point),
          rates.length,
          figure(median(rates), 1),
          figure(Math.min(...rates), 1),
          figure(Math.max(...rates), 1),
          over(mean),
          over((values) => percentile(values, 50)),
          over((values) => percentile(values, 95)),
          over((values) => percentile(values, 99)),
        ];
      }),
    ) +
    '\n\nEach repeat is a fresh process. The sections above show the repeat of median throughput; this table has the median over repeats.'
  );
}

function besideTable(measured) {
  return (
    table(
      ['Point', 'Ours (pairs/s)', 'Reference study (pairs/s)'],
      measured.map(({ run, point }) => [
        describePoint(run, point),
        figure(pairsPerSecondOf(point.shown), 1),
        figure(point.seed ?? NaN, 1),
      ]),
    ) +
    '\n\nThe study\'s figures come from *different, unnamed hardware* ("Apple M-series Mac") and, but for its synthetic strings, other text. They are no comparison of software.'
  );
}

function checksTable(measured) {
  const verdict = { true: 'holds', false: '**does not hold**', null: '-' };
  return table(
    ['Point', 'Check', 'Verdict', 'Figures'],
    measured.flatMap(({ run, point }) =>
      checkPoint(point).map(({ name, ok, detail }) => [describePoint(run, point), name, verdict[ok], detail]),
    ),
  );
}
