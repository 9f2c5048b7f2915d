import { writeTinyModel } from '../measure/tiny-model.mjs';
import { openDataset } from '../datasets/catalogue.mjs';
import { measureLengths } from '../datasets/lengths.mjs';
import { runPoint } from './run-point.mjs';

export const DEFAULT_LIMITS = { requests: 500, seconds: 20, repeats: 3 };

/**
 * Measures every point of an experiment, `repeats` times, in rounds: all points once, then all again, so that a machine
 * that grows hot or busy does so for all of them. Returns the experiment with its results.
 *
 * @param settings `model`, `options` and `dataset` that replace the experiment's, and `limits` of a point
 * @param progress called with a line about what is measured
 */
export async function runExperiment(experiment, settings, progress) {
  const runs = experiment.runs.map((run) => prepare(run, settings));
  const repeats = settings.limits.repeats ?? DEFAULT_LIMITS.repeats;
  for (let round = 0; round < repeats; round += 1) {
    for (const run of runs) {
      for (const point of run.points) {
        if (point.repeats.some(({ status }) => status !== 'ok')) continue; // it would fail again
        progress(
          `${experiment.id} ${describePoint(run, point)}${repeats > 1 ? `, round ${round + 1} of ${repeats}` : ''}`,
        );
        const job = jobOf(run, point, round, settings);
        point.repeats.push(job.error ? { status: 'error', error: job.error } : await runPoint(job));
      }
    }
  }
  for (const run of runs) await finish(run, experiment, settings);
  return { ...experiment, runs, repeats };
}

function prepare(run, { model, options, dataset }) {
  return {
    ...run,
    model: run.model === 'tiny' ? writeTinyModel() : model,
    options: { ...options, ...run.options },
    datasetName: dataset ? { file: dataset } : { name: run.dataset, limit: run.limit },
    points: run.points.map((point) => ({ ...point, repeats: [] })),
  };
}

function jobOf(run, { repeats, ...point }, round, { limits }) {
  const { requests, seconds } = { ...DEFAULT_LIMITS, ...given(point), ...given(limits) };
  const job = {
    model: run.model,
    options: run.options,
    dataset: run.datasetName,
    point,
    limits: { requests, seconds, seed: round + 1 },
    keepLogits: round === 0 ? run.keepLogits : undefined,
    optional: run.optional,
  };
  if (point.load.kind !== 'open') return job;
  const offline = run.points.find(({ load }) => load.kind === 'offline').repeats[round];
  if (offline?.status !== 'ok') return { error: 'the offline point, of which this is a fraction, failed' };
  const ratePerSecond = (point.load.fraction * pairsPerSecondOf(offline)) / point.batch;
  return { ...job, point: { ...point, load: { ...point.load, ratePerSecond } } };
}

const given = ({ requests, seconds }) => ({
  ...(requests !== undefined && { requests }),
  ...(seconds !== undefined && { seconds }),
});

export const pairsPerSecondOf = ({ requests, wallMs }) =>
  (1000 * requests.reduce((total, { pairs }) => total + pairs, 0)) / wallMs;

/** Latencies of all repeats: one alone has too few for a percentile near the end. */
export const pooledLatencies = ({ repeats }) =>
  repeats.flatMap(({ requests }) => requests.map(({ latencyMs }) => latencyMs));

/** Decides each point's status and which repeat is shown: the one of median throughput. */
async function finish(run, experiment, { lengths = measureLengths }) {
  for (const point of run.points) {
    const failed = point.repeats.find(({ status }) => status !== 'ok');
    const empty = !failed && point.repeats.some(({ requests }) => requests.length === 0);
    point.status = failed?.status ?? (empty ? 'error' : 'ok');
    point.error = failed?.error ?? (empty ? 'no request was served' : undefined);
    if (point.status !== 'ok') continue;
    const byThroughput = [...point.repeats].sort((a, b) => pairsPerSecondOf(a) - pairsPerSecondOf(b));
    point.shown = byThroughput[Math.floor((byThroughput.length - 1) / 2)];
  }
  run.info = run.points.find(({ shown }) => shown)?.shown.info ?? null;
  run.title = experiment.title.replace('{path}', run.info?.path ?? run.options.path ?? 'none') + (run.suffix ?? '');
  run.timeSeries = `distribution/${experiment.title
    .replace('{path}_', '')
    .replace('_{path}', '')
    .replace(/_batch256$/, '')}_timeseries.md`;
  run.description ??= [experiment.description, run.label].filter(Boolean).join(': ');
  const dataset = openDataset(run.datasetName);
  run.dataset = { name: dataset.name, description: dataset.description };
  if (run.info)
    run.dataset.lengths = await lengths(dataset.make(run.datasetName), run.info.folder, run.info.limits.maxLength);
}

export function describePoint(run, { batch, concurrency, load, replicas, target, background }) {
  return [
    run.label,
    `batch=${batch}`,
    load.kind === 'open'
      ? `open loop at ${Math.round(load.fraction * 100)} %`
      : `${load.kind === 'offline' ? 'offline, ' : ''}conc=${concurrency}`,
    replicas > 1 && `replicas=${replicas}`,
    target !== 'reranker' && `${target} alone`,
    background && `beside ${background.concurrency} callers of ${background.batch}`,
  ]
    .filter(Boolean)
    .join(', ');
}
