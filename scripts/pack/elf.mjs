// Reads what a 64-bit little-endian ELF library asks of a system (struct layouts: <elf.h>).
const machines = { 62: 'x64', 183: 'arm64' };
const sections = { symbols: 2, dynamic: 6, neededVersions: 0x6ffffffe };
const neededTag = 1n;

/** `versions` are the symbol versions asked for, such as GLIBC_2.17; `stripped` says that there is no symbol table. */
export function readElf(file) {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) throw new Error('not a 64-bit ELF file');
  const headers = sectionHeaders(file);
  const library = { arch: machines[file.readUInt16LE(18)], needed: [], versions: [], stripped: true };
  for (const { type, offset, size, link, info } of headers) {
    const strings = headers[link]?.offset;
    if (type === sections.symbols) library.stripped = false;
    if (type === sections.dynamic) library.needed = neededLibraries(file.subarray(offset, offset + size), file, strings);
    if (type === sections.neededVersions) library.versions = neededVersions(file, offset, info, strings);
  }
  return library;
}

function sectionHeaders(file) {
  const first = Number(file.readBigUInt64LE(40));
  const [entrySize, count] = [file.readUInt16LE(58), file.readUInt16LE(60)];
  return Array.from({ length: count }, (_, i) => first + i * entrySize).map((at) => ({
    type: file.readUInt32LE(at + 4),
    offset: Number(file.readBigUInt64LE(at + 24)),
    size: Number(file.readBigUInt64LE(at + 32)),
    link: file.readUInt32LE(at + 40),
    info: file.readUInt32LE(at + 44),
  }));
}

function neededLibraries(table, file, strings) {
  const names = [];
  for (let at = 0; at < table.length; at += 16) {
    if (table.readBigInt64LE(at) === neededTag) names.push(text(file, strings + Number(table.readBigUInt64LE(at + 8))));
  }
  return names;
}

function neededVersions(file, start, count, strings) {
  const names = [];
  let at = start;
  for (let left = count; left > 0; left--) {
    let entry = at + file.readUInt32LE(at + 8);
    for (let more = file.readUInt16LE(at + 2); more > 0; more--) {
      names.push(text(file, strings + file.readUInt32LE(entry + 8)));
      entry += file.readUInt32LE(entry + 12);
    }
    at += file.readUInt32LE(at + 12);
  }
  return names;
}

const text = (file, start) => file.toString('latin1', start, file.indexOf(0, start));
