import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { release, version } from 'node:os';
import { join } from 'node:path';
import { packageVersion } from '../package.js';
import type { NativeAddon, NativeGpu, NativeLoadOptions } from './addon.js';
import { childMark, runGateProcess } from './gate-process.js';
import { decide, type GateOutcome, type Verdict } from './gpu-verdict.js';
import { VerdictCache } from './verdict-cache.js';

export { describeForm } from './gpu-verdict.js';

/** What the gate needs from the world; tests bring other machines. */
export interface GateHost {
  env: NodeJS.ProcessEnv;
  cache: Pick<VerdictCache, 'get' | 'set'>;
  packageVersion: string;
  /** What changes with every update of the system, and so of its GPU driver. */
  osBuild(): Promise<string>;
  tryGpu(folder: string, options: NativeLoadOptions): Promise<GateOutcome>;
}

export const thisMachine = {
  env: process.env,
  cache: new VerdictCache(),
  packageVersion,
  osBuild,
  tryGpu: runGateProcess,
} satisfies GateHost;

/** What a check found, whether in this process or, then without `outcome`, in an earlier one. */
export interface Gate {
  key: string;
  outcome?: GateOutcome;
  verdict: Verdict | undefined;
}

const running = new Map<string, Promise<Gate>>();

/** The kept verdict on this GPU with models of this shape and dtype; on first use the check runs. Equal ones are joined. */
export async function gate(
  addon: Pick<NativeAddon, 'mlxVersion'>,
  gpu: NativeGpu,
  folder: string,
  options: NativeLoadOptions,
  host: GateHost,
): Promise<Gate> {
  const key = await keyOf(addon, gpu, folder, options, host);
  let checking = running.get(key);
  if (!checking) {
    checking = knownOrChecked(key, folder, options, host).finally(() => running.delete(key));
    running.set(key, checking);
  }
  return checking;
}

async function knownOrChecked(key: string, folder: string, options: NativeLoadOptions, host: GateHost): Promise<Gate> {
  const verdict = await host.cache.get(key);
  return verdict ? { key, verdict } : check(key, folder, options, host);
}

/** Runs the check whatever is known, and keeps the verdict. */
export async function check(key: string, folder: string, options: NativeLoadOptions, host: GateHost): Promise<Gate> {
  const outcome: GateOutcome = host.env[childMark]
    ? { kind: 'not-run', why: 'this process is itself such a check' }
    : await host.tryGpu(folder, options);
  const verdict = decide(outcome);
  if (verdict) await host.cache.set(key, verdict);
  return { key, outcome, verdict };
}

/** GPU, system, versions, and what decides about kernels: the model's configuration and the dtype. */
export async function keyOf(
  { mlxVersion }: Pick<NativeAddon, 'mlxVersion'>,
  gpu: NativeGpu,
  folder: string,
  { dtype }: NativeLoadOptions,
  host: GateHost,
): Promise<string> {
  const config = await readFile(join(folder, 'config.json')).catch(() => ''); // its absence is for the load to report
  const shape = createHash('sha256').update(config).digest('hex').slice(0, 16);
  const device = `${gpu.name} (${gpu.architecture})`;
  return [device, await host.osBuild(), `MLX ${mlxVersion}`, `mlx-rerank ${host.packageVersion}`, shape, dtype].join(' | ');
}

async function osBuild(): Promise<string> {
  if (process.platform === 'darwin') {
    const list = await readFile('/System/Library/CoreServices/SystemVersion.plist', 'utf8').catch(() => '');
    const build = /<key>ProductBuildVersion<\/key>\s*<string>(\w+)<\/string>/.exec(list)?.[1];
    if (build) return `macOS ${build}`;
  }
  return `${release()} ${version()}`;
}
