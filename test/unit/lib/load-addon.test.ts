import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RerankerError } from '../../../lib/errors.js';
import type { AddonName } from '../../../lib/native/choose-path.js';
import { findAddon, type Host } from '../../../lib/native/load-addon.js';

const addon = { version: '1.2.3', mlxVersion: null, load: () => Promise.reject(new Error('not called')) };

const notBuilt = () => {
  throw Object.assign(new Error('Could not locate the bindings file.'), { tries: ['build/Release/x.node'] });
};
const notInstalled = (name: string) => {
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
};
const doesNotLoad = (reason: string) => () => {
  throw Object.assign(new Error(reason), { code: 'ERR_DLOPEN_FAILED' });
};

function machine(host: Partial<Host> = {}): Host {
  return {
    platform: 'linux',
    arch: 'x64',
    glibc: '2.36',
    version: '1.2.3',
    override: undefined,
    requireFile: notInstalled,
    requireBuild: notBuilt,
    requirePackage: notInstalled,
    installedPackages: () => [],
    ...host,
  };
}

function failure(host: Partial<Host>, name: AddonName = 'mlx_rerank_cpu'): RerankerError {
  try {
    findAddon(name, machine(host));
  } catch (error) {
    expect(error).toMatchObject({ name: 'RerankerError', code: 'ERR_NATIVE_LOAD' });
    return error as RerankerError;
  }
  throw new Error('the addon was found');
}

describe('where the addon is found', () => {
  it('takes a build in the folder before the package of the platform', () => {
    const packaged = { ...addon };
    expect(findAddon('mlx_rerank_cpu', machine({ requireBuild: () => addon, requirePackage: () => packaged }))).toBe(addon);
    expect(findAddon('mlx_rerank_cpu', machine({ requirePackage: () => packaged }))).toBe(packaged);
  });

  it.each<[AddonName, NodeJS.Platform, string, string]>([
    ['mlx_rerank', 'darwin', 'arm64', '@mlx-rerank/darwin-arm64'],
    ['mlx_rerank_cpu', 'linux', 'x64', '@mlx-rerank/linux-x64'],
    ['mlx_rerank_cpu', 'linux', 'arm64', '@mlx-rerank/linux-arm64'],
  ])('knows the package of %s on %s-%s', (name, platform, arch, expected) => {
    const asked: string[] = [];
    const requirePackage = (spec: string) => {
      asked.push(spec);
      return addon;
    };
    expect(findAddon(name, machine({ platform, arch, requirePackage }))).toBe(addon);
    expect(asked).toEqual([expected]);
  });

  it('takes MLX_RERANK_NATIVE, a file or a folder of addons, before all else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
    const files: string[] = [];
    const requireFile = (path: string) => {
      files.push(path);
      return addon;
    };
    findAddon('mlx_rerank', machine({ override: folder, requireFile, requireBuild: () => addon }));
    findAddon('mlx_rerank', machine({ override: join(folder, 'mine.node'), requireFile }));
    expect(files).toEqual([join(folder, 'mlx_rerank.node'), join(folder, 'mine.node')]);
  });
});

describe('when no addon loads', () => {
  it('lists every attempt with its reason, the machine and the remedy', () => {
    const { message } = failure({});
    expect(message).toMatch(/mlx_rerank_cpu of mlx-rerank 1\.2\.3.*linux-x64, glibc 2\.36, Node v/);
    expect(message).toMatch(/1\. build\/Release.*: not there\n  2\. package @mlx-rerank\/linux-x64: not there\n/);
    expect(message).toContain('--include=optional');
    expect(message).toContain('--os=linux --cpu=x64');
  });

  it('never passes over a build that does not load', () => {
    const broken = failure({ requireBuild: doesNotLoad('undefined symbol: foo'), requirePackage: () => addon });
    expect(broken.message).toContain('undefined symbol: foo');
    expect(broken.cause).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
  });

  it('never passes over MLX_RERANK_NATIVE', () => {
    const { message } = failure({ override: './gone.node', requireBuild: () => addon, requirePackage: () => addon });
    expect(message).toContain('gone.node');
    expect(message).toContain('Unset MLX_RERANK_NATIVE');
  });

  it('refuses an addon of another version', () => {
    const { message } = failure({ requirePackage: () => ({ ...addon, version: '1.2.2' }) });
    expect(message).toContain('its version is 1.2.2, this package is 1.2.3');
    expect(message).toContain('Reinstall');
  });

  it('refuses what loads and is something else', () => {
    for (const other of [undefined, { Database: class {} }, { version: '1.2.3' }]) {
      const { message } = failure({ override: './sqlite.node', requireFile: () => other });
      expect(message).toContain('it loads, but is not an addon of mlx-rerank');
    }
  });

  it('says which other machine node_modules was installed for', () => {
    const { message } = failure({ installedPackages: () => ['@mlx-rerank/darwin-arm64'] });
    expect(message).toContain('installed for another machine: it holds @mlx-rerank/darwin-arm64');
    expect(message).toContain('--os=linux --cpu=x64');
  });

  it('names the version to add when lockfiles leave it out, and building last', () => {
    const { message } = failure({});
    expect(message).toContain('npm install --save-optional @mlx-rerank/linux-x64@1.2.3');
    expect(message).toMatch(/To build it: npm run setup in a clone of version 1\.2\.3.*$/);
  });

  it('tells a package that lacks a file from one that is not installed', () => {
    const requirePackage = () => notInstalled('./mlx_rerank_cpu.node');
    expect(failure({ requirePackage }).message).toContain("Cannot find module './mlx_rerank_cpu.node'");
  });

  it.each<[string, Partial<Host>, AddonName, string]>([
    ['musl', { glibc: undefined }, 'mlx_rerank_cpu', 'glibc 2.28 or newer, this is musl'],
    ['an old glibc', { requirePackage: doesNotLoad("version `GLIBC_2.28' not found") }, 'mlx_rerank_cpu', 'glibc 2.28'],
    ['Windows', { platform: 'win32', glibc: undefined }, 'mlx_rerank_cpu', 'Windows is not supported'],
    ['an Intel Mac', { platform: 'darwin', glibc: undefined }, 'mlx_rerank', 'Intel Macs are not supported'],
    ['quarantine', { platform: 'darwin', arch: 'arm64', requirePackage: doesNotLoad('killed') }, 'mlx_rerank', 'com.apple.quarantine'],
    ['a folder that may not hold code', { requirePackage: doesNotLoad('/a.node: failed to map segment from shared object') }, 'mlx_rerank_cpu', 'noexec'],
    ['a file of another machine', { requirePackage: doesNotLoad('/a.node: wrong ELF class: ELFCLASS32') }, 'mlx_rerank_cpu', 'another machine'],
    ['an archive of Electron', { requirePackage: doesNotLoad('/app.asar/a.node: cannot open shared object file') }, 'mlx_rerank_cpu', 'asarUnpack'],
    ['an old Node', { requirePackage: doesNotLoad('requires Node-API version 9') }, 'mlx_rerank_cpu', 'Use Node 20'],
    ['MLX on Linux', {}, 'mlx_rerank', "Leave device and path at 'auto'"],
    ['another processor', { arch: 's390x' }, 'mlx_rerank_cpu', 'npm run setup'],
  ])('has its own advice for %s', (_, host, name, advice) => {
    expect(failure(host, name).message).toContain(advice);
  });
});
