import { readElf } from './elf.mjs';

const oldestGlibc = [2, 28];
const partsOfGlibc = /^(lib(c|m|dl|rt|pthread)\.so\.\d|ld-linux.*\.so\.\d)$/;

/** What keeps a Linux addon from running on every system with glibc 2.28 and nothing else; empty when nothing does. */
export function linuxProblems(file, arch) {
  const addon = readElf(file);
  const problems = [];
  if (addon.arch !== arch) problems.push(`it is for ${addon.arch ?? 'another processor'}, not for ${arch}`);
  if (!addon.stripped) problems.push('it is not stripped');
  const foreign = addon.needed.filter((name) => !partsOfGlibc.test(name));
  if (foreign.length) problems.push(`it needs ${foreign.join(', ')}, which not every system has`);
  const young = addon.versions.filter((version) => !isOldEnough(version));
  if (young.length) problems.push(`it asks for ${young.join(', ')}; the newest allowed is GLIBC_${oldestGlibc.join('.')}`);
  return problems;
}

function isOldEnough(version) {
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return false; // of another library, such as GLIBCXX
  return Number(major) < oldestGlibc[0] || (Number(major) === oldestGlibc[0] && Number(minor) <= oldestGlibc[1]);
}
