import { RerankerError } from '../errors.js';

/**
 * `MLX_RERANK_METAL`. `auto`, which is also the default, uses a GPU that passes the gate; `stock` uses it without the
 * gate's verdict, `off` not at all.
 */
export type MetalSetting = 'auto' | 'stock' | 'off';

/** @throws RerankerError `ERR_INVALID_ARGUMENT` for another value, and for `custom`: there are no such kernels yet. */
export function metalSetting(env: NodeJS.ProcessEnv = process.env): MetalSetting {
  const value = env.MLX_RERANK_METAL || 'auto';
  if (value === 'auto' || value === 'stock' || value === 'off') return value;
  const problem =
    value === 'custom'
      ? 'custom asks for Metal kernels of this package, and this version has none'
      : `expected auto, stock or off, received ${JSON.stringify(value)}`;
  throw new RerankerError(
    'ERR_INVALID_ARGUMENT',
    `MLX_RERANK_METAL: ${problem}. Unset it, or use stock (MLX's own kernels) or off (no GPU).`,
  );
}
