import { readFileSync } from 'node:fs';
import { seededRandom } from './datasets/random.mjs';
import { describePoint, pairsPerSecondOf, pooledLatencies } from './run/run-experiment.mjs';
import { bootstrapRatio, mean, median, percentile } from './statistics.mjs';
import { table } from './report/table.mjs';

const FEWEST_REPEATS = 3; // fewer say nothing about their spread

/** B against A, point by point: ratios with 95 % intervals, and what else differs between the two reports. */
export function compareReports(fileA, fileB) {
  const [a, b] = [fileA, fileB].map((file) => JSON.parse(readFileSync(file, 'utf8')));
  return [`A: ${fileA}, ${a.timestamp}\nB: ${fileB}, ${b.timestamp}`, changes(a, b), ratios(a, b)].join('\n\n');
}

function ratios(a, b) {
  const [pointsA, pointsB] = [pointsOf(a), pointsOf(b)];
  const shared = [...pointsA.keys()].filter((key) => pointsB.has(key));
  const only = [...pointsA.keys(), ...pointsB.keys()].filter((key) => !shared.includes(key));
  const random = seededRandom(1);
  const rows = shared.map((key) => {
    const [one, other] = [pointsA.get(key), pointsB.get(key)];
    if (one.status !== 'ok' || other.status !== 'ok') return [key, `${one.status} / ${other.status}`, '-', '-'];
    const latencies = [one, other].map(pooledLatencies);
    const interval = ({ ratio, low, high }) => `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
    return [
      key,
      throughput(one, other, random),
      interval(bootstrapRatio(...latencies, mean, random)),
      interval(bootstrapRatio(...latencies, (values) => percentile(values, 95), random)),
    ];
  });
  return [
    table(['Point', 'Throughput B / A', 'Mean latency B / A', 'P95 latency B / A'], rows),
    'Intervals of latency resample requests, those of throughput repeats. They know nothing of what differs between the two runs besides.',
    ...only.map((key) => `Only in one: ${key}`),
  ].join('\n');
}

function throughput(one, other, random) {
  const rates = [one, other].map(({ repeats }) => repeats.map(pairsPerSecondOf));
  const { ratio, low, high } = bootstrapRatio(...rates, median, random);
  const enough = rates.every(({ length }) => length >= FEWEST_REPEATS);
  return `${ratio.toFixed(3)} ${enough ? `(${low.toFixed(3)} to ${high.toFixed(3)})` : `(no interval: fewer than ${FEWEST_REPEATS} repeats)`}`;
}

function pointsOf({ experiments }) {
  return new Map(
    experiments.flatMap(({ id, runs }) =>
      runs.flatMap((run) => run.points.map((point) => [`${id} ${describePoint(run, point)}`, point])),
    ),
  );
}

function changes(a, b) {
  const [factsA, factsB] = [factsOf(a), factsOf(b)];
  const names = [...new Set([...factsA.keys(), ...factsB.keys()])].filter(
    (name) => factsA.get(name) !== factsB.get(name),
  );
  if (names.length === 0) return 'Machine, versions, model and settings are the same.';
  return [
    'What differs:',
    ...names.map((name) => `  ${name}: ${factsA.get(name) ?? '-'} -> ${factsB.get(name) ?? '-'}`),
  ].join('\n');
}

/** Everything that should be equal for a comparison to be fair, as text by name. */
function factsOf({ machine, experiments }) {
  const runs = experiments.flatMap(({ id, runs: all }) => all.map((run) => [`${id} ${run.label}`.trim(), run]));
  return new Map([
    ...Object.entries(machine).map(([name, value]) => [name, String(value)]),
    ...runs.flatMap(([name, { options, dataset, info }]) => [
      [`${name}, options`, JSON.stringify(options)],
      [`${name}, dataset`, dataset.name],
      ...['model', 'sha256', 'path', 'device', 'deviceName', 'dtype', 'instructionSet', 'threads'].map((key) => [
        `${name}, ${key}`,
        String(info?.[key]),
      ]),
    ]),
  ]);
}
