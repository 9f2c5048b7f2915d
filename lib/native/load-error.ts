import { RerankerError } from '../errors.js';
import type { AddonName } from './choose-path.js';
import type { Host } from './load-addon.js';
import { platformPackage } from './platform-package.js';

/** One place that was searched. */
export interface Attempt {
  place: string;
  /** Nothing is there; otherwise something is and does not load. */
  absent: boolean;
  error: unknown;
}

export class VersionMismatch extends Error {}

type Machine = Pick<Host, 'platform' | 'arch' | 'glibc' | 'version' | 'override'>;

/** The one error of loading: the machine, every attempt with its reason, and what to do. */
export function loadError(name: AddonName, machine: Machine, attempts: Attempt[]): RerankerError {
  const last = attempts.at(-1)!;
  const libc = machine.platform !== 'linux' ? '' : machine.glibc ? `, glibc ${machine.glibc}` : ', musl';
  const lines = attempts.map(({ place, absent, error }) => `${place}: ${absent ? 'not there' : messageOf(error)}`);
  if (!machine.override && last.absent && platformPackage(name, machine.platform, machine.arch) === undefined) {
    lines.push(`platform package: none exists for ${name} on ${machine.platform}-${machine.arch}`);
  }
  return new RerankerError(
    'ERR_NATIVE_LOAD',
    `The native addon ${name} of mlx-rerank ${machine.version} could not be loaded ` +
      `(${machine.platform}-${machine.arch}${libc}, Node ${process.version}). Tried:\n` +
      `${lines.map((line, i) => `  ${i + 1}. ${line}`).join('\n')}\n${remedy(name, machine, last)}`,
    { cause: last.error },
  );
}

const build = 'In a clone of the repository, npm run setup builds it.';

function remedy(name: AddonName, machine: Machine, last: Attempt): string {
  const { platform, arch } = machine;
  if (machine.override) return 'Unset MLX_RERANK_NATIVE, or point it at an addon of this version.';
  if (last.error instanceof VersionMismatch) {
    return 'Reinstall, so that both come from one release; in a clone, npm run setup.';
  }
  if (platform === 'win32') return 'Windows is not supported; under WSL 2 the Linux package works.';
  if (platform === 'darwin' && arch !== 'arm64') {
    return 'Intel Macs are not supported. On Apple silicon, use an arm64 Node instead of one under Rosetta.';
  }
  if (platform === 'linux' && !machine.glibc) {
    return `The prebuilt package needs glibc 2.28 or newer: use an image such as node:20-slim. ${build}`;
  }
  if (!last.absent) {
    if (messageOf(last.error).includes('GLIBC')) return `The prebuilt package needs glibc 2.28 or newer. ${build}`;
    if (platform === 'darwin') {
      return 'If macOS quarantined it: xattr -dr com.apple.quarantine node_modules/@mlx-rerank. Else reinstall.';
    }
    return 'Reinstall; in a clone, npm run setup.';
  }
  if (platformPackage(name, machine.platform, machine.arch) === undefined) {
    const other = platform === 'linux' ? "Leave device and path at 'auto' for the CPU encoder. " : '';
    return other + build;
  }
  return (
    'Install on the machine that runs it and with optional dependencies: npm install --include=optional mlx-rerank ' +
    `(from another machine: add --os=${platform} --cpu=${arch}). ${build}`
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
