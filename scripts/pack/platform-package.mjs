import { readFileSync } from 'node:fs';
import path from 'node:path';
import { crossBuild } from '../cross-build.mjs';
import { macAddonFromLinux } from '../darwin.mjs';
import { fetchDependencies, vendorFolder } from '../fetch-native-deps.mjs';
import { inRoot } from '../paths.mjs';
import { linuxProblems } from './check-linux.mjs';
import { commonFields, copy, emptyStage, putCommon } from './staging.mjs';

/** The packages that hold an addon: for which machines, and what is in them. */
export const platforms = {
  'linux-x64': { about: 'Linux on x86-64, glibc 2.28 or newer', os: 'linux', cpu: 'x64', libc: 'glibc', addon: 'mlx_rerank_cpu' },
  'linux-arm64': { about: 'Linux on 64-bit Arm, glibc 2.28 or newer', os: 'linux', cpu: 'arm64', libc: 'glibc', addon: 'mlx_rerank_cpu' },
  'darwin-arm64': {
    about: 'macOS 14 or newer on Apple silicon, with MLX', os: 'darwin', cpu: 'arm64', addon: 'mlx_rerank',
    libraries: ['libmlx.dylib', 'mlx.metallib'],
  },
};

/** Builds the addon of a platform; resolves to its file. On a Mac its own is the one that set-up built. */
export async function buildPlatform(name) {
  const { os, cpu, addon } = platforms[name];
  if (os === 'darwin' && process.platform === os && process.arch === cpu) return inRoot('build', 'Release', `${addon}.node`);
  if (os !== 'darwin') return path.join(await crossBuild(name), `${addon}.node`);
  const { failed } = await macAddonFromLinux();
  if (failed) throw new Error('The Mac addon asks for what a Mac does not have; see above.');
  return inRoot('build', name, 'Release', `${addon}.node`);
}

/** Lays out a platform package, all of it in one folder: the addon looks for its libraries beside itself. */
export async function stagePlatform(name, addonFile) {
  const { addon, os, cpu, libraries = [] } = platforms[name];
  if (os === 'linux') refuse(name, linuxProblems(readFileSync(addonFile), cpu));
  const manifest = platformManifest(name);
  const folder = emptyStage(manifest.name);
  copy(addonFile, folder, `${addon}.node`);
  if (libraries.length) await fetchDependencies(['mlx'], name);
  for (const library of libraries) copy(path.join(vendorFolder('mlx', name), 'mlx', 'lib', library), folder);
  putCommon(folder, manifest);
  return folder;
}

function platformManifest(name) {
  const { about, os, cpu, libc, addon, libraries = [] } = platforms[name];
  const main = `${addon}.node`;
  return {
    name: `@mlx-rerank/${name}`,
    ...commonFields(),
    description: `The native addon of mlx-rerank for ${about}. Installed by mlx-rerank itself.`,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    main,
    exports: { '.': `./${main}`, './package.json': './package.json' },
    files: [main, ...libraries, 'THIRD_PARTY_NOTICES'],
    preferUnplugged: true, // Yarn's Plug'n'Play would leave it in a zip, which the system cannot load from
  };
}

function refuse(name, problems) {
  if (problems.length) throw new Error(`The addon of ${name} cannot be shipped:\n${problems.map((line) => `  ${line}`).join('\n')}`);
}
