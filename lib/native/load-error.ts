import { RerankerError } from '../errors.js';
import { type Attempt, reasonOf } from './attempt.js';
import type { AddonName } from './choose-path.js';
import type { Host } from './load-addon.js';
import { remedy } from './load-remedy.js';
import { platformPackage } from './platform-package.js';

/** The one error of loading: the machine, every attempt with its reason, and what to do. */
export function loadError(name: AddonName, host: Host, attempts: Attempt[]): RerankerError {
  const last = attempts.at(-1)!;
  const libc = host.platform !== 'linux' ? '' : host.glibc ? `, glibc ${host.glibc}` : ', musl';
  const lines = attempts.map((attempt) => `${attempt.place}: ${attempt.absent ? 'not there' : reasonOf(attempt)}`);
  if (!host.override && last.absent && platformPackage(name, host.platform, host.arch) === undefined) {
    lines.push(`platform package: none exists for ${name} on ${host.platform}-${host.arch}`);
  }
  return new RerankerError(
    'ERR_NATIVE_LOAD',
    `The native addon ${name} of mlx-rerank ${host.version} could not be loaded ` +
      `(${host.platform}-${host.arch}${libc}, Node ${process.version}). Tried:\n` +
      `${lines.map((line, i) => `  ${i + 1}. ${line}`).join('\n')}\n${remedy(name, host, last)}`,
    { cause: last.error },
  );
}
