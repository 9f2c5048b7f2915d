import { RerankerError } from '../errors.js';
import type { NativeLoadOptions } from './addon.js';

/** Both are built from one source; `mlx_rerank_cpu` leaves MLX out. */
export type AddonName = 'mlx_rerank' | 'mlx_rerank_cpu';

export type PathRequest = Pick<NativeLoadOptions, 'device' | 'path' | 'dtype'>;

export interface PathDecision {
  addon: AddonName;
  device: NativeLoadOptions['device'];
  path: NativeLoadOptions['path'];
  /** Why, in one sentence; absent when the addon decides and says so itself. */
  reason?: string;
}

/**
 * Which addon serves a request, and with which device and path. Only the macOS packages hold MLX; there the addon
 * itself decides between GPU and CPU, because only it can try the GPU.
 */
export function choosePath(request: PathRequest, platform: NodeJS.Platform = process.platform): PathDecision {
  const { device, path, dtype } = request;
  const wantsMlx = path === 'mlx' || device === 'gpu';
  if (path === 'cpu' && device === 'gpu') {
    throw refuse("path 'cpu' does not run on device 'gpu'", "Leave one of them at 'auto'.");
  }
  if (dtype === 'int8' && wantsMlx) {
    throw refuse(`dtype 'int8' does not run on ${path === 'mlx' ? "path 'mlx'" : "device 'gpu'"}`, forMlx);
  }

  const apple = platform === 'darwin';
  const addon = apple || wantsMlx ? 'mlx_rerank' : 'mlx_rerank_cpu';
  if (wantsMlx) return { addon, device, path };
  if (dtype === 'float16' && (path === 'cpu' || device === 'cpu' || !apple)) {
    throw refuse("dtype 'float16' does not run on the CPU encoder", forCpu);
  }
  const reason =
    path === 'cpu' || device === 'cpu'
      ? `${path === 'cpu' ? 'path' : 'device'} 'cpu' was asked for`
      : dtype === 'int8'
        ? "dtype 'int8' was asked for, which only the CPU encoder has"
        : apple
          ? undefined
          : `the CPU encoder is the default on ${platform}`;
  return reason === undefined ? { addon, device, path } : { addon, device: 'cpu', path: 'cpu', reason };
}

const forMlx = "Choose 'float16', 'bfloat16' or 'float32', or path 'cpu'.";
const forCpu = "Choose 'float32', 'bfloat16' or 'int8', or path 'mlx'.";

function refuse(problem: string, remedy: string): RerankerError {
  return new RerankerError('ERR_INVALID_ARGUMENT', `options: ${problem}. ${remedy}`);
}
