import { RerankerError } from '../errors.js';
import type { NativeGpu } from './addon.js';
import { check, type Gate, keyOf, thisMachine } from './gpu-gate.js';
import { loadAddon } from './load-addon.js';
import { metalSetting } from './metal-setting.js';

/** What there is to say about this machine's GPU, for people. */
export type GpuInspection =
  | { gpu: null; why: string }
  | { gpu: NativeGpu; setting: string; file: string; gate: Gate };

/** Runs the gate afresh with a model on this machine's GPU, if there is one; its verdict replaces the kept one. */
export async function inspectGpu(folder: string): Promise<GpuInspection> {
  try {
    const addon = loadAddon('mlx_rerank');
    const gpu = await addon.gpu();
    if (!gpu) return { gpu, why: 'MLX finds none on this machine' };
    const setting = metalSetting();
    if (setting === 'off') return { gpu: null, why: 'MLX_RERANK_METAL is off' };
    const options = { device: 'gpu', path: 'mlx', dtype: 'auto', tokenizerSize: 0 } as const;
    const key = await keyOf(addon, gpu, folder, options, thisMachine);
    const file = thisMachine.cache.file;
    return { gpu, setting, file, gate: await check(key, folder, options, thisMachine) };
  } catch (error) {
    if (!(error instanceof RerankerError) || error.code !== 'ERR_NATIVE_LOAD') throw error;
    return { gpu: null, why: 'the addon with MLX is not installed here' };
  }
}
