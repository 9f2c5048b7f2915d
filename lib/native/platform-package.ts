import { createRequire } from 'node:module';
import type { AddonName } from './choose-path.js';

/** The prebuilt addons, one package a platform. */
export type PlatformPackage = '@mlx-rerank/darwin-arm64' | '@mlx-rerank/linux-x64' | '@mlx-rerank/linux-arm64';

/** The package that holds an addon, if one is built for that platform. */
export function platformPackage(addon: AddonName, platform: string, arch: string): PlatformPackage | undefined {
  switch (`${addon} ${platform}-${arch}`) {
    case 'mlx_rerank darwin-arm64':
      return '@mlx-rerank/darwin-arm64';
    case 'mlx_rerank_cpu linux-x64':
      return '@mlx-rerank/linux-x64';
    case 'mlx_rerank_cpu linux-arm64':
      return '@mlx-rerank/linux-arm64';
    default:
      return undefined;
  }
}

/** Names are literal, so that bundlers and file tracers see them. */
export function requirePlatformPackage(name: PlatformPackage): unknown {
  switch (name) {
    case '@mlx-rerank/darwin-arm64':
      return require('@mlx-rerank/darwin-arm64');
    case '@mlx-rerank/linux-x64':
      return require('@mlx-rerank/linux-x64');
    case '@mlx-rerank/linux-arm64':
      return require('@mlx-rerank/linux-arm64');
  }
}

/** Those that node_modules holds. Their package.json is asked for, which loads nothing. */
export function installedPackages(): PlatformPackage[] {
  const all: PlatformPackage[] = ['@mlx-rerank/darwin-arm64', '@mlx-rerank/linux-x64', '@mlx-rerank/linux-arm64'];
  return all.filter((name) => {
    try {
      return Boolean(createRequire(__filename).resolve(`${name}/package.json`));
    } catch {
      return false;
    }
  });
}

/** The package itself is missing, as opposed to a file it needs. */
export function isNotInstalled(error: unknown, name: PlatformPackage): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'MODULE_NOT_FOUND' && message.includes(`'${name}'`);
}
