import { RerankerError } from '../errors.js';
import type { NativeAddon, NativeGpu, NativeLoadOptions, NativeModel } from './addon.js';
import { warnOfDeviceFault } from './device-fault.js';
import type { GateHost } from './gpu-gate.js';
import { metalSetting } from './metal-setting.js';

/**
 * Loads a model, on the GPU if there is one that passes the gate. The addon checks its scores against the CPU encoder
 * at every load; whether it may be touched at all is found out once for a machine, in a process of its own.
 * @throws what `addon.load` throws; RerankerError `ERR_DEVICE` when the GPU was asked for and does not pass,
 * `ERR_INVALID_ARGUMENT` for an `MLX_RERANK_METAL` that does not exist.
 */
export async function loadModel(
  addon: NativeAddon,
  folder: string,
  options: NativeLoadOptions,
  host?: GateHost,
): Promise<NativeModel> {
  if (addon.mlxVersion === null || options.device === 'cpu' || options.path === 'cpu') return addon.load(folder, options);
  const setting = metalSetting(host?.env);
  if (setting === 'off') return loadWithoutGpu(addon, folder, options, 'MLX_RERANK_METAL is off');
  const gpu = await addon.gpu().catch(() => null); // it hangs: the addon knows, and says so when it loads
  try {
    const model =
      gpu === null || setting === 'stock' || addon.deviceFault() !== null
        ? await addon.load(folder, options)
        : await loadThroughGate(addon, gpu, folder, options, host);
    return model.info.device === 'gpu' ? watched(model, addon) : model;
  } finally {
    warnOfDeviceFault(addon);
  }
}

async function loadThroughGate(
  addon: NativeAddon,
  gpu: NativeGpu,
  folder: string,
  options: NativeLoadOptions,
  givenHost?: GateHost,
): Promise<NativeModel> {
  const { describeForm, gate, thisMachine } = await import('./gpu-gate.js'); // of use where there is a GPU alone
  const host = givenHost ?? thisMachine;
  const { key, outcome, verdict } = await gate(addon, gpu, folder, options, host);
  if (!verdict) {
    const model = await addon.load(folder, options);
    if (outcome?.kind !== 'not-run' || model.info.device !== 'gpu') return model;
    return explained(model, `${model.info.reason} It was not checked in a process of its own: ${outcome.why}.`);
  }
  const asked = options.device === 'gpu' || options.path === 'mlx' || options.dtype === 'float16';
  if (verdict.use === 'cpu' || (verdict.use === 'gpu-if-asked' && !asked)) {
    return loadWithoutGpu(addon, folder, options, `${verdict.reason}; mlx-rerank doctor checks it again`);
  }
  try {
    const model = await addon.load(folder, { ...options, attention: verdict.attention });
    return model.info.device === 'gpu' ? explained(model, model.info.reason + describeForm(verdict)) : model;
  } finally {
    const fault = addon.deviceFault();
    if (fault !== null) await host.cache.set(key, { use: 'cpu', reason: fault }); // or every process would wait for it
  }
}

function refuse(what: string, why: string): RerankerError {
  return new RerankerError('ERR_DEVICE', `${what} was asked for, but ${why}. Use device 'cpu'.`);
}

async function loadWithoutGpu(
  addon: NativeAddon,
  folder: string,
  options: NativeLoadOptions,
  why: string,
): Promise<NativeModel> {
  if (options.device === 'gpu') throw refuse("device 'gpu'", why);
  if (options.path === 'mlx') throw refuse("path 'mlx'", why);
  const model = await addon.load(folder, { ...options, device: 'cpu', path: 'cpu' });
  return explained(model, `On the CPU because ${why}.`);
}

/** The same model; when its GPU is lost, the process is told. */
function watched(model: NativeModel, addon: NativeAddon): NativeModel {
  return {
    ...sameAs(model),
    async score(batch, onUnderWay) {
      try {
        return await model.score(batch, onUnderWay);
      } catch (error) {
        warnOfDeviceFault(addon);
        throw error;
      }
    },
  };
}

/** The same model with another reason. */
function explained(model: NativeModel, reason: string): NativeModel {
  return { ...sameAs(model), info: Object.freeze({ ...model.info, reason }) };
}

function sameAs(model: NativeModel): NativeModel {
  return {
    info: model.info,
    score: (batch, onUnderWay) => model.score(batch, onUnderWay),
    memory: () => model.memory(),
    close: () => model.close(),
  };
}
