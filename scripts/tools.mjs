import { spawnSync } from 'node:child_process';
import { onPath } from './paths.mjs';

const oldestNode = [20, 19];
const oldestPip = [21, 0];
const oldestCMake = [3, 22];
const oldestGlibc = [2, 35];

let python;

/** The Python that has a pip new enough, or undefined. */
export function findPython() {
  python ??= ['python3', 'python'].map(onPath)
    .find((candidate) => candidate && atLeast(versionOf(candidate, ['-m', 'pip', '--version']), oldestPip));
  return python;
}

/** A CMake on PATH that is new enough, or undefined. */
export function findCMake() {
  const cmake = onPath('cmake');
  return cmake && atLeast(versionOf(cmake, ['--version']), oldestCMake) ? cmake : undefined;
}

/** One line for each thing that a build needs, that this machine lacks, and that set-up cannot fetch. */
export function missingTools() {
  return [missingNode(), missingCompiler(), missingGlibc(), missingPython()].filter(Boolean);
}

function missingNode() {
  if (atLeast(numbers(process.versions.node), oldestNode)) return undefined;
  return `Node ${oldestNode.join('.')} or newer is needed to build and test; this is ${process.versions.node}.`;
}

function missingCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  const present = candidates.filter((name) => name.includes('/') || onPath(name));
  if (present.some(compilesCpp20)) return undefined;
  const found = present.length ? `${present.join(', ')} cannot compile it` : `looked for ${candidates.join(', ')}`;
  return `A C++20 compiler is missing (${found}). ${howToGet('g++', 'gcc-c++', 'xcode-select --install')}`;
}

function compilesCpp20(compiler) {
  const input = '#include <concepts>\n#include <span>\nstatic_assert(__cplusplus >= 202002L);\n';
  return spawnSync(compiler, ['-std=c++20', '-fsyntax-only', '-x', 'c++', '-'], { input }).status === 0;
}

function missingGlibc() {
  if (process.platform !== 'linux') return undefined;
  process.report.excludeNetwork = true;
  const found = process.report.getReport().header.glibcVersionRuntime;
  if (found && atLeast(numbers(found), oldestGlibc)) return undefined;
  return `glibc ${oldestGlibc.join('.')} or newer is needed by MLX for Linux; this system has `
    + `${found ?? 'another C library'}. Debian 12, Ubuntu 22.04, Fedora 35 and all later ones have it.`;
}

function missingPython() {
  if (process.env.MLX_WHEEL_DIR || findPython()) return undefined;
  return `Python with pip ${oldestPip[0]} or newer is missing (tried python3 -m pip and python -m pip); it downloads `
    + `MLX. ${howToGet('python3-pip', 'python3-pip', 'xcode-select --install')} Or set MLX_WHEEL_DIR to a folder that `
    + 'holds the wheels named in native.lock.json.';
}

const howToGet = (debian, fedora, mac) =>
  `Debian, Ubuntu: sudo apt-get install ${debian}; Fedora: sudo dnf install ${fedora}; macOS: ${mac}.`;

/** Major and minor version that a command reports, [0, 0] if it does not work. */
function versionOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return numbers(status === 0 ? /\d+\.\d+/.exec(stdout)?.[0] ?? '0.0' : '0.0');
}

const numbers = (version) => version.split('.').slice(0, 2).map(Number);

const atLeast = ([major, minor], [wantedMajor, wantedMinor]) =>
  major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
