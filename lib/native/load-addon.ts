import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import bindings from 'bindings';
import { packageRoot, packageVersion } from '../package.js';
import type { NativeAddon } from './addon.js';
import { type Attempt, Mismatch } from './attempt.js';
import type { AddonName } from './choose-path.js';
import { loadError } from './load-error.js';
import {
  installedPackages, isNotInstalled, type PlatformPackage, platformPackage, requirePlatformPackage,
} from './platform-package.js';

/** Everything the search depends on; tests put other machines here. */
export interface Host {
  platform: NodeJS.Platform;
  arch: string;
  /** Version of glibc; undefined on musl and where there is none. */
  readonly glibc: string | undefined;
  /** Version of the package, which the addon must carry. */
  version: string;
  /** `MLX_RERANK_NATIVE`: a .node file, or a folder of them. */
  override: string | undefined;
  requireFile(path: string): unknown;
  /** Throws an error with `tries` when there is no build. */
  requireBuild(addon: AddonName): unknown;
  requirePackage(name: PlatformPackage): unknown;
  /** Platform packages in node_modules, whatever platform they are of. */
  installedPackages(): PlatformPackage[];
}

const loaded = new Map<AddonName, NativeAddon>();

/**
 * The addon, loaded once. Order: `MLX_RERANK_NATIVE` if set, and then nothing else; a build in this folder; the
 * platform's package. What is there but does not load, or is of another version, is an error and never passed over.
 * @throws RerankerError `ERR_NATIVE_LOAD` that lists every attempt, why it failed and what to do.
 */
export function loadAddon(name: AddonName): NativeAddon {
  let addon = loaded.get(name);
  if (!addon) {
    addon = findAddon(name, new ThisHost());
    loaded.set(name, addon);
  }
  return addon;
}

export function findAddon(name: AddonName, host: Host): NativeAddon {
  const attempts: Attempt[] = [];
  for (const { place, load, isAbsent } of places(name, host)) {
    try {
      return checked(load(), host.version);
    } catch (error) {
      const absent = isAbsent(error);
      attempts.push({ place, absent, error });
      if (!absent) break;
    }
  }
  throw loadError(name, host, attempts);
}

/** Versions are equal and not only compatible: the addon's interface belongs to this package alone and changes at will. */
function checked(found: unknown, version: string): NativeAddon {
  const addon = (found ?? {}) as Partial<NativeAddon>;
  if (typeof addon.version !== 'string' || typeof addon.load !== 'function') {
    throw new Mismatch('it loads, but is not an addon of mlx-rerank');
  }
  if (addon.version !== version) throw new Mismatch(`its version is ${addon.version}, this package is ${version}`);
  return addon as NativeAddon;
}

interface Place {
  place: string;
  load: () => unknown;
  /** Whether there is nothing at this place, as opposed to something that does not load. */
  isAbsent: (error: unknown) => boolean;
}

function* places(name: AddonName, host: Host): Generator<Place> {
  if (host.override) {
    const file = overrideFile(host.override, name);
    yield { place: `MLX_RERANK_NATIVE: ${file}`, load: () => host.requireFile(file), isAbsent: () => false };
    return;
  }
  yield {
    place: `build/Release and build/Debug in ${packageRoot}`,
    load: () => host.requireBuild(name),
    isAbsent: (error) => error instanceof Error && 'tries' in error,
  };
  const platform = platformPackage(name, host.platform, host.arch);
  if (platform) {
    yield {
      place: `package ${platform}`,
      load: () => host.requirePackage(platform),
      isAbsent: (error) => isNotInstalled(error, platform),
    };
  }
}

function overrideFile(path: string, name: AddonName): string {
  const absolute = resolve(path);
  return statSync(absolute, { throwIfNoEntry: false })?.isDirectory() ? join(absolute, `${name}.node`) : absolute;
}

class ThisHost implements Host {
  platform = process.platform;
  arch = process.arch;
  version = packageVersion;
  override = process.env.MLX_RERANK_NATIVE;

  /** Asked for only when loading failed: the report takes several milliseconds. */
  get glibc(): string | undefined {
    if (process.platform !== 'linux') return undefined;
    return (process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }).header
      .glibcVersionRuntime;
  }

  requireFile(path: string): unknown {
    return require(path);
  }

  /** Without `try`, bindings would prefer a stale Debug build. */
  requireBuild(addon: AddonName): unknown {
    return bindings({
      bindings: addon,
      module_root: packageRoot,
      try: [
        ['module_root', 'build', 'Release', 'bindings'],
        ['module_root', 'build', 'Debug', 'bindings'],
      ],
    });
  }

  requirePackage(name: PlatformPackage): unknown {
    return requirePlatformPackage(name);
  }

  installedPackages(): PlatformPackage[] {
    return installedPackages();
  }
}
