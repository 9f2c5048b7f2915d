// What the native build needs beyond a compiler: wheels pinned in native.lock.json, unpacked into vendor/. They come from
// the folder MLX_WHEEL_DIR if they lie there, else by pip; their sha256 is checked here either way. On macOS,
// MLX_MACOS=15 or 26 takes a newer wheel of MLX than the one for macOS 14, which runs on all of them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runQuietly } from './command.mjs';
import { inRoot, isMain, onPath } from './paths.mjs';
import { fail, step } from './progress.mjs';
import { findCMake, findPython } from './tools.mjs';
import { unzip } from './unzip.mjs';

const lock = JSON.parse(readFileSync(inRoot('native.lock.json'), 'utf8'));
const tools = ['cmake', 'ninja', 'zig'];
const libraries = Object.keys(lock).filter((name) => !tools.includes(name));
const host = `${process.platform}-${process.arch}`;

/** Where a dependency lies once fetched; a wheel of another system has a folder of its own. */
export const vendorFolder = (name, system = host) => path.join(folderOf(name, system), `${name}-${lock[name].version}`);

/** What is still to fetch: the libraries and, if something will be built, the build tools that are not on PATH. */
export function missingDependencies({ building }) {
  return [...libraries, ...(building ? missingBuildTools() : [])].filter((name) => !isFetched(name, host));
}

/** Fetches and unpacks what is not there yet of some dependencies, a line each. */
export async function fetchDependencies(names, system = host) {
  for (const name of names.filter((name) => !isFetched(name, system))) {
    await step(`${wheelOf(name, system).project} ${lock[name].version}`, () => fetchDependency(name, system));
  }
}

function missingBuildTools() {
  const ninja = onPath('ninja') || onPath('make') ? [] : ['ninja'];
  return findCMake() ? ninja : ['cmake', ...ninja];
}

const folderOf = (name, system) =>
  (system === host || lock[name].wheels.any ? inRoot('vendor') : inRoot('vendor', system));

function wheelOf(name, system) {
  const { wheels, version } = lock[name];
  const newerMac = name === 'mlx' && system === host && host.startsWith('darwin') && (process.env.MLX_MACOS ?? '14') !== '14';
  const key = newerMac ? `${system}-${process.env.MLX_MACOS}` : system;
  const wheel = wheels.any ?? wheels[key];
  if (wheel) return wheel;
  throw new Error(`There is no wheel of ${name} ${version} for ${key}, only for ${Object.keys(wheels).join(', ')}.`);
}

const stampOf = (folder) => path.join(folder, '.sha256');

function isFetched(name, system) {
  const stamp = stampOf(vendorFolder(name, system));
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wheelOf(name, system).sha256;
}

async function fetchDependency(name, system) {
  const wheel = wheelOf(name, system);
  const folder = folderOf(name, system);
  const work = path.join(folder, `.${name}-${process.pid}`);
  const unpacked = path.join(work, 'unpacked');
  try {
    mkdirSync(unpacked, { recursive: true });
    const local = localCopy(wheel);
    const file = local ?? await download(wheel, lock[name].version, work);
    const archive = readFileSync(file);
    verify(archive, wheel, local ?? 'downloaded');
    unzip(archive, unpacked, lock[name].unpack);
    writeFileSync(stampOf(unpacked), wheel.sha256);
    removeVersions(name, folder);
    renameSync(unpacked, vendorFolder(name, system));
    return `${(archive.length / 1e6).toFixed(1)} MB ${local ? `from ${path.dirname(local)}` : 'downloaded'}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function localCopy({ file }) {
  const folder = process.env.MLX_WHEEL_DIR;
  return folder && existsSync(path.join(folder, file)) ? path.join(folder, file) : undefined;
}

async function download({ project, file, pip }, version, folder) {
  const python = findPython();
  const explained = (reason) =>
    new Error(`${reason}\nWithout a network, put ${file} into a folder and set MLX_WHEEL_DIR to it.`);
  if (!python) throw explained(`${project} ${version} is downloaded by pip, and there is no Python with pip.`);
  await runQuietly(python, [
    '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:',
    '--python-version', '3.11', ...pip, '--dest', folder, `${project}==${version}`,
  ], { log: inRoot('build', 'pip.log'), env: { ...process.env, PIP_REQUIRE_VIRTUALENV: '0' } })
    .catch((error) => { throw explained(`pip could not download ${project} ${version}: ${error.message}`); });
  const brought = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  if (!brought.includes(file)) throw explained(`pip brought ${brought} for ${project} ${version}, not ${file}.`);
  return path.join(folder, file);
}

function verify(archive, wheel, origin) {
  const sha256 = createHash('sha256').update(archive).digest('hex');
  if (sha256 === wheel.sha256) return;
  throw new Error(`${wheel.file} (${origin}) is not the file that native.lock.json names; nothing was unpacked:\n`
    + `  expected sha256 ${wheel.sha256}, ${wheel.size} bytes\n  received sha256 ${sha256}, ${archive.length} bytes`);
}

/** One version lies in a folder at a time, so that nothing can be built against another. */
function removeVersions(name, folder) {
  for (const entry of readdirSync(folder).filter((entry) => entry.startsWith(`${name}-`))) {
    rmSync(path.join(folder, entry), { recursive: true });
  }
}

if (isMain(import.meta.url)) await fetchDependencies(missingDependencies({ building: true })).catch(fail);
