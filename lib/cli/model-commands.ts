import { checkScores, pull, type Reranker, RerankerError, type ScoreCheck } from '../index.js';
import { CommandError, exitCodes } from './exit-codes.js';
import type { Interrupt } from './interrupt.js';
import { loadReranker, type ModelArguments } from './options.js';
import { put } from './output.js';
import { loadProgress } from './progress.js';
import { bold, megabytes, paints } from './terminal.js';

export interface PullArguments extends Pick<ModelArguments, 'revision' | 'cacheDir'> {
  check: boolean;
}

/** Fetches a model into the cache and compares it with what is published about it. */
export async function pullCommand(model: string | undefined, args: PullArguments, { signal }: Interrupt) {
  const { onProgress, stop } = loadProgress();
  const { revision, cacheDir } = args;
  const pulled = await pull(model, { revision, cacheDir, signal, onProgress }).finally(stop);
  const lines = pulled.files.map(
    ({ name, size, downloaded }) => `  ${name} (${megabytes(size)}) ${downloaded ? 'downloaded' : 'is there'}`,
  );
  await put(`${pulled.model} at ${pulled.revision}\n${lines.join('\n')}\n${pulled.folder}\n`);
  if (args.check) await checkPulled({ model: pulled.model, revision: pulled.revision, cacheDir, offline: true });
}

async function checkPulled(args: ModelArguments): Promise<void> {
  let reranker: Reranker;
  try {
    reranker = await loadReranker(args);
  } catch (error) {
    if (!(error instanceof RerankerError) || !['ERR_NATIVE_LOAD', 'ERR_DEVICE'].includes(error.code)) throw error;
    return put(`scores not checked, because this machine cannot run the model: ${error.message}\n`);
  }
  const check = await checkScores(reranker).finally(() => reranker.close());
  await put(`${describeCheck(check)}\n`);
  if (check.status === 'failed') throw new CommandError(exitCodes.check, `${check.model} is not what was published.`);
}

/** A check in one line. */
export function describeCheck({ status, weights, pairs, maxError, tolerance, source }: ScoreCheck): string {
  const hash = {
    match: 'weights have the published hash',
    differ: 'weights DIFFER from the published hash',
    unknown: 'no hash of the weights is published, skipped',
  }[weights];
  const scores =
    pairs === 0
      ? 'no scores are published, skipped'
      : `${pairs} published scores within ${maxError!.toExponential(1)} (allowed ${tolerance}; ${source})`;
  return `check ${status}: ${hash}; ${scores}`;
}

export interface InfoArguments extends ModelArguments {
  json?: boolean;
}

/** Loads a model and tells the truth about it. */
export async function infoCommand(model: string | undefined, args: InfoArguments, { signal }: Interrupt) {
  const reranker = await loadReranker({ ...args, model }, signal);
  const info = { ...reranker.info(), memory: reranker.stats().memory };
  await reranker.close();
  if (args.json) return put(`${JSON.stringify(info, null, 2)}\n`);
  const colour = paints(process.stdout);
  const rows = Object.entries(info).filter(([, value]) => value !== undefined);
  await put(rows.map(([name, value]) => `${bold(name.padEnd(15), colour)} ${flat(value)}\n`).join(''));
}

function flat(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value).map(([name, part]) => `${name} ${part ?? 'none'}`).join(', ');
}
