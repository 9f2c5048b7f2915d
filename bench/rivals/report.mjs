// The tables of docs/performance.md.
import { readFileSync } from 'node:fs';
import { figure, megabytes, table } from '../report/table.mjs';
import { median } from '../statistics.mjs';
import { agreement, compare } from './comparison.mjs';
import { describeCpu } from './cpu.mjs';
import { label } from './field.mjs';
import { goals } from './goals.mjs';
import { workload } from './paths.mjs';

const titles = {
  request100: 'One request of 100 documents',
  request10: 'One request of 10 documents',
  mixed: 'Pairs with lengths like those of MS MARCO, each with a query of its own',
  uniform128: 'Pairs of 128 tokens each: nothing to win by sorting',
  goldens: 'Golden pairs: every script, empty texts, up to 512 tokens',
};

export function report({ machine, loadAfter, rounds, options, limits, starts, results, absent }) {
  const contents = Object.fromEntries(
    Object.keys(results).map((name) => [name, JSON.parse(readFileSync(workload(name), 'utf8'))]),
  );
  const { goldens, ...timed } = results;
  const rows = Object.fromEntries(
    Object.entries(timed).map(([name, result]) => [name, compare(result, contents[name].requests)]),
  );
  const startRows = [...starts].map(([definition, samples]) => startOf(definition, samples, rows.request100));
  const goldenRows = [...goldens].map(([{ definition }, { logits }]) => ({
    definition,
    ...agreement(logits, contents.goldens.requests),
  }));
  const conditions = {
    machine,
    loadAfter,
    cpu: describeCpu(),
    rounds,
    versions: versionsOf(rows.request100),
  };
  const where = whereMeasured(conditions);
  const parts = [
    `Command: \`${command(options)}\`. Rates: median of ${rounds} rounds (slowest to fastest round).`,
    busy(machine, loadAfter),
    limits.pairLimit && '**A quick run: few pairs and rounds. These are not figures to quote.**',
    options.only && '**Part of the field only: the fastest rival may be missing.**',
    section('Goals', where, goals({ rows, startRows, goldenRows })),
    ...Object.entries(rows).map(([name, some]) =>
      section(`${titles[name]} (${contents[name].tokens} tokens)`, where, speedTable(some, name)),
    ),
    section('Import, load, memory', where, startTable(startRows)),
    section(titles.goldens, where, agreementTable(goldenRows)),
    absent.size > 0 &&
      section('Left out', where, [...absent].map(([name, reason]) => `- ${name}: ${reason}`).join('\n')),
  ];
  return {
    markdown: `${parts.filter(Boolean).join('\n\n')}\n`,
    figures: { conditions, rows, starts: startRows, goldens: goldenRows, absent: [...absent] },
  };
}

/** As it was asked for, less the file to write to. */
function command({ quick, rounds, only }) {
  const given = [quick && '--quick', rounds && `--rounds ${rounds}`, only && `--only '${only}'`].filter(
    Boolean,
  );
  return ['npm run bench:rivals', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
}

const section = (title, where, body) => `### ${title}\n\n${where}\n\n${body}`;

function whereMeasured({ machine, loadAfter, cpu, versions }) {
  const load = `load ${machine.loadAverage[0]} before and ${loadAfter[0]} after`;
  const software = [`Node ${machine.node}`, ...versions, `commit ${machine.commit ?? 'unknown'}`].join(', ');
  return `${machine.cpu} (${cpu}), ${machine.usableCores} cores, ${machine.os}; ${load}. ${software}.`;
}

/** What runs here uses every core: a load far over that is somebody else's. */
function busy(machine, loadAfter) {
  const [before] = machine.loadAverage;
  const others = before > 0.5 || loadAfter[0] > machine.usableCores + 1;
  return (
    others &&
    '**Taken under load: other programs had part of this machine.** Here CPU time says more than time.'
  );
}

function versionsOf(rows) {
  return [...new Set(rows.map(({ definition, started }) => `${definition.name} ${started.version}`))].sort();
}

/** How it ran, beyond what its label says. */
const settings = ({ definition, started }) =>
  [definition.setting, started?.detail].filter(Boolean).join('; ') || '-';
const named = (definition) => (definition.ours ? `**${label(definition)}**` : label(definition));

function speedTable(rows, name) {
  const inRequests = name === 'request10' || name === 'request100';
  const columns = [
    'who',
    'pairs/s',
    ...(inRequests ? ['p50 ms'] : []),
    'x fastest rival',
    'CPU ms/pair',
    'x least CPU',
    'max error',
    'Kendall tau',
    ...(name === 'request100' ? ['top 10', 'peak RSS'] : []),
    'how',
  ];
  return table(
    columns,
    rows.map((row) => [
      named(row.definition),
      `${figure(row.pairsPerSecond, 0)} (${figure(row.slowest, 0)}-${figure(row.fastest, 0)})`,
      ...(inRequests ? [figure(row.requestP50, 1)] : []),
      figure(row.againstFastest, 2),
      figure(row.cpuMsPerPair, 2),
      figure(row.cpuAgainstFastest, 2),
      row.maxError.toExponential(1),
      figure(row.tau, 4),
      ...(name === 'request100' ? [figure(row.topTen, 2), megabytes(row.peakBytes)] : []),
      settings(row),
    ]),
  );
}

function startOf(definition, samples, rows) {
  const of = (measure) => median(samples.map(measure));
  return {
    definition,
    importMs: of(({ importMs }) => importMs),
    loadMs: of(({ loadMs }) => loadMs),
    loadedBytes: of(({ peakBytes }) => peakBytes),
    request100Bytes: rows.find((row) => row.definition === definition)?.peakBytes,
  };
}

const startTable = (rows) =>
  table(
    ['who', 'import ms', 'load ms', 'peak RSS, loaded', 'peak RSS, 100 documents'],
    rows.map((row) => [
      named(row.definition),
      figure(row.importMs, 0),
      figure(row.loadMs, 0),
      megabytes(row.loadedBytes),
      megabytes(row.request100Bytes),
    ]),
  );

const agreementTable = (rows) =>
  table(
    ['who', 'max error', 'Kendall tau'],
    rows.map((row) => [named(row.definition), row.maxError.toExponential(1), figure(row.tau, 4)]),
  );
