// Measures the package and its rivals in one run and prints the tables of docs/performance.md.
//
//   npm run bench:rivals -- [--quick] [--rounds 5] [--only pattern] [--write docs/performance.md]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.mjs';
import { Contestant } from './contestant.mjs';
import { label, rivals, us, withBatch } from './field.mjs';
import { here, workload } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { report } from './report.mjs';
import { takeTurns } from './rounds.mjs';
import { fastestSettings } from './screening.mjs';
import { measureStarts } from './starts.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false }, // a few pairs, two rounds: to see that everything runs
    rounds: { type: 'string' },
    only: { type: 'string', default: '' }, // contestants whose name and precision match
    write: { type: 'string' }, // a Markdown file, between its two marks
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds: expected a count, got ${options.rounds}.`);
const only = new RegExp(options.only, 'i');
const takesPart = ({ name, precision }) => only.test(`${name}, ${precision}`);

/** The first is request100: what memory a process needs for that is read after it. */
const workloads = ['request100', 'request10', 'mixed', 'uniform128'];
const limits = options.quick ? { requestLimit: 3, pairLimit: 32 } : {};

prepare();
const machine = describeMachine();
const absent = new Map();
const onFailure = (definition, error) => {
  absent.set(label(definition), error.message);
  say(`${label(definition)} left out: ${error.message}`);
};

say('screening settings');
const chosen = await fastestSettings(
  rivals.filter(({ settings }) => takesPart(settings[0])),
  { workload: workload('request100'), pairLimit: options.quick ? 16 : 50 },
  options.quick ? 1 : 3,
  onFailure,
);
const definitions = [
  ...us.filter(takesPart),
  ...chosen.flatMap(({ batches, setting }) => batches.map((batch) => withBatch(setting, batch))),
];

say('starting processes');
const starts = await measureStarts(
  definitions.filter(({ batch = 8 }) => batch === 8),
  rounds,
  onFailure,
);

const contestants = [];
for (const definition of definitions.filter((one) => !absent.has(label(one)))) {
  await Contestant.start(definition).then(
    (contestant) => contestants.push(contestant),
    (error) => onFailure(definition, error),
  );
}
const results = {};
for (const name of workloads) {
  say(`${name}, rounds of ${contestants.length} contestants: ${rounds}`);
  results[name] = await takeTurns(contestants, { workload: workload(name), ...limits }, rounds, onFailure);
}
say('goldens');
results.goldens = await takeTurns(
  contestants.filter(({ definition: { batch = 8 } }) => batch === 8),
  { workload: workload('goldens'), ...limits },
  0,
  onFailure,
);
await Promise.all(contestants.map((contestant) => contestant.stop()));

const loadAfter = describeMachine().loadAverage;
const { markdown, figures } = report({
  machine,
  loadAfter,
  rounds,
  options,
  limits,
  starts,
  results,
  absent,
});
mkdirSync(here('build'), { recursive: true });
writeFileSync(here('build', 'report.md'), markdown);
writeFileSync(here('build', 'report.json'), JSON.stringify(figures, null, 1));
if (options.write) writeBetweenMarks(options.write, markdown);
console.log(markdown);

function writeBetweenMarks(file, text) {
  const marks = /(<!-- bench:rivals begins -->\n)[^]*(<!-- bench:rivals ends -->)/;
  const before = readFileSync(file, 'utf8');
  if (!marks.test(before))
    throw new Error(`--write: expected the marks of bench:rivals in ${file}, found none.`);
  writeFileSync(
    file,
    before.replace(marks, (_, begin, end) => `${begin}\n${text}\n${end}`),
  );
}

function say(text) {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}
