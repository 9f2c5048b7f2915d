import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RerankerError } from '../errors.js';
import { packageRoot } from '../package.js';

/**
 * Folder of the starter model: in a clone models/starter, elsewhere the package @mlx-rerank/starter.
 * @throws RerankerError `ERR_MODEL_NOT_FOUND` when that package is not installed.
 */
export function starterFolder(): string {
  const inClone = join(packageRoot, 'models', 'starter');
  if (existsSync(inClone)) return inClone;
  try {
    return (require('@mlx-rerank/starter') as { folder: string }).folder; // literal, so that file tracers see it
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new RerankerError(
      'ERR_MODEL_NOT_FOUND',
      "model: 'starter' is a package of its own, which is not installed: npm install @mlx-rerank/starter (45 MB). " +
        'Or load a model by its hub id or folder.',
      { cause },
    );
  }
}
