import { checkScores, type PathChoice, Reranker, type RerankerError } from '../../index.js';
import { describeCheck } from '../model-commands.js';
import type { ModelArguments } from '../options.js';

export interface Trial {
  title: string;
  /** `absent`: this machine has no such path or not this model, which is no fault. */
  status: 'passed' | 'failed' | 'skipped' | 'absent';
  lines: string[];
}

/** Loads a model on each path there may be, and compares its scores with those that are known. */
export async function tryPaths(model: string, args: ModelArguments): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const path of ['auto', 'cpu', 'mlx'] as const) trials.push(await tryPath(model, path, args));
  return trials;
}

async function tryPath(model: string, path: PathChoice, { cacheDir, revision }: ModelArguments): Promise<Trial> {
  const title = `${model}, path ${path}`;
  try {
    const reranker = await Reranker.load(model, { path, cacheDir, revision, localFilesOnly: true });
    try {
      const { device, deviceName, dtype, path: taken, reason, instructionSet, threads, versions } = reranker.info();
      const check = await checkScores(reranker);
      return {
        title,
        status: check.status,
        lines: [
          `took path ${taken} on ${device} (${deviceName}), ${dtype}, because ${reason}`,
          `instruction set ${instructionSet}, threads ${threads}, MLX ${versions.mlx ?? 'not loaded'}`,
          describeCheck(check),
        ],
      };
    } finally {
      await reranker.close();
    }
  } catch (error) {
    const { code, message } = error as RerankerError;
    const noMlx = path === 'mlx' && ['ERR_NATIVE_LOAD', 'ERR_DEVICE'].includes(code);
    const noStarter = model === 'starter' && code === 'ERR_MODEL_NOT_FOUND'; // a package of its own, and optional
    const absent = noMlx || noStarter;
    return { title, status: absent ? 'absent' : 'failed', lines: [`${code ?? 'error'}: ${message}`] };
  }
}
