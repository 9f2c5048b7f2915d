// npm run bench: without arguments a summary and the reference study's configuration, in under three minutes.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compareReports } from './compare.mjs';
import { openDataset } from './datasets/catalogue.mjs';
import { experiments, findExperiment, quickExperiments } from './experiments/catalogue.mjs';
import { listExperiments } from './list.mjs';
import { describeMachine } from './machine.mjs';
import { experimentSummary, rerankSummary } from './report/summary.mjs';
import { writeReport } from './report/write-report.mjs';
import { runRivals } from './rivals/run.mjs';
import { runExperiment } from './run/run-experiment.mjs';

const usage = `npm run bench -- [options]            a summary and the reference study's configuration, under 3 minutes
npm run bench -- --list               every experiment, and what it is mapped to
npm run bench -- --experiment NAME    one of them, by number or name; can be repeated
npm run bench -- --all                all of them: hours
npm run bench -- compare A.json B.json

--model NAME       a hub id, a folder, or starter (default)
--data FILE        your own pairs, one JSON object a line: {"query": …, "document": …}
--device, --path, --dtype, --threads, --max-length   as in Reranker.load
--requests N, --seconds S   end of a point, whichever comes first (default: the experiment's, else 500 and 20)
--repeats N        fresh processes a point (default 3)
--rivals           beside onnxruntime-node, OpenVINO and transformers.js, as npm run bench:rivals: half an hour more
--out FOLDER       where the report goes (default build/bench/<time>)`;

const number = (name, text, least) => {
  if (text === undefined) return undefined;
  if (!(Number(text) >= least))
    throw new Error(`--${name}: expected a number of at least ${least}, received ${text}.`);
  return Number(text);
};

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      experiment: { type: 'string', multiple: true },
      list: { type: 'boolean' },
      all: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      model: { type: 'string', default: 'starter' },
      data: text,
      device: text,
      path: text,
      dtype: text,
      threads: text,
      'max-length': text,
      requests: text,
      seconds: text,
      repeats: text,
      rivals: { type: 'boolean' },
      out: text,
    },
  });
  if (values.help) return console.log(usage);
  if (values.list) return console.log(listExperiments());
  const [command, ...files] = positionals;
  if (command === 'compare' && files.length === 2) return console.log(compareReports(...files.map(asTyped)));
  if (command !== undefined) throw new Error(`There is no command ${positionals.join(' ')}.\n\n${usage}`);
  await bench(values);
}

/** Paths as the user's shell meant them: npm runs this in the folder of the package. */
function asTyped(file) {
  return path.resolve(process.env.INIT_CWD ?? '.', file);
}

async function bench(values) {
  const chosen = chooseExperiments(values);
  const quick = chosen === quickExperiments;
  const settings = settingsOf(values);
  if (settings.dataset) openDataset({ file: settings.dataset }); // a bad file fails now, not after an hour
  const now = new Date();
  const timestamp = localTime(now);
  const machine = describeMachine();
  const report = {
    timestamp,
    machine,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    settings,
    experiments: [],
  };
  for (const experiment of chosen) {
    const limits = { ...(quick && experiment.quick), ...settings.limits };
    const result = await runExperiment(experiment, { ...settings, limits }, (line) =>
      process.stderr.write(`${line}\n`),
    );
    report.experiments.push(result);
    console.log(`\n${experiment.summary ? rerankSummary(result, machine) : experimentSummary(result)}\n`);
  }
  if (values.rivals) report.rivals = await runRivals({ rounds: values.repeats });
  const folder = values.out
    ? asTyped(values.out)
    : path.resolve('build', 'bench', timestamp.replaceAll(':', '').replace(' ', '-'));
  const written = writeReport(report, folder);
  console.log(
    `Report, JSON and page:\n${Object.values(written)
      .map((file) => `  ${path.relative('.', file)}`)
      .join('\n')}`,
  );
  const failed = report.experiments
    .flatMap(({ runs }) => runs.flatMap(({ points }) => points))
    .filter(({ status }) => status === 'error');
  if (failed.length > 0)
    throw new Error(
      `${failed.length} point${failed.length > 1 ? 's' : ''} ended in an error; the report says which.`,
    );
}

function chooseExperiments({ all, experiment }) {
  if (all) return experiments.filter(({ support }) => support !== 'not applicable');
  return experiment ? experiment.map(findExperiment) : quickExperiments;
}

function settingsOf(values) {
  const { device, path: route, dtype } = values;
  const given = {
    device,
    path: route,
    dtype,
    threads: number('threads', values.threads, 1),
    maxLength: number('max-length', values['max-length'], 4),
  };
  return {
    model: /^\.\.?\//.test(values.model) ? asTyped(values.model) : values.model,
    dataset: values.data && asTyped(values.data),
    options: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    limits: Object.fromEntries(
      Object.entries({
        requests: number('requests', values.requests, 1),
        seconds: number('seconds', values.seconds, 0.01),
        repeats: number('repeats', values.repeats, 1),
      }).filter(([, value]) => value !== undefined),
    ),
  };
}

function localTime(date) {
  const two = (value) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
