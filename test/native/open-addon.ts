import { createRequire } from 'node:module';
import path from 'node:path';
import type { NativeAddon, NativeLoadOptions } from '../../lib/native/addon.js';

export const root = path.join(__dirname, '..', '..');

/** The addon itself, without the loader: these tests look at the native side alone. */
export function openAddon(name: 'mlx_rerank' | 'mlx_rerank_cpu'): NativeAddon {
  const folder = process.env['MLX_RERANK_NATIVE'] ?? path.join(root, 'build', 'Release');
  return createRequire(__filename)(path.join(folder, `${name}.node`)) as NativeAddon;
}

export function loadOptions(options: Partial<NativeLoadOptions> = {}): NativeLoadOptions {
  return { device: 'auto', path: 'auto', dtype: 'auto', tokenizerSize: 0, ...options };
}
