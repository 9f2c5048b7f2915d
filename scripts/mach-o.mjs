// Reads what a 64-bit Mach-O library asks of others (struct layouts: <mach-o/loader.h>, <mach-o/nlist.h>).
const magic64 = 0xfeedfacf;
const cpuArm64 = 0x0100000c;
const commands = { symbolTable: 0x02, dylib: 0x0c, weakDylib: 0x80000018, rpath: 0x8000001c, buildVersion: 0x32 };
const debugging = 0xe0;
const typeMask = 0x0e;
const external = 0x01;
const flatLookup = 0xfe;

/**
 * `imports` are undefined symbols as `{ name, from }`, where `from` is the install name of the library that the linker found
 * it in, and undefined for one that is looked up by name among everything loaded.
 */
export function readMachO(file) {
  if (file.readUInt32LE(0) !== magic64 || file.readUInt32LE(4) !== cpuArm64) throw new Error('not a Mach-O file for arm64');
  const library = { dylibs: [], rpaths: [], minimumMacOS: undefined, exports: [], imports: [] };
  let symbols;
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const command = file.readUInt32LE(at);
    if (command === commands.dylib || command === commands.weakDylib) library.dylibs.push(text(file, at + file.readUInt32LE(at + 8)));
    if (command === commands.rpath) library.rpaths.push(text(file, at + file.readUInt32LE(at + 8)));
    if (command === commands.buildVersion) library.minimumMacOS = file.readUInt32LE(at + 12) >>> 16;
    if (command === commands.symbolTable) symbols = [8, 12, 16].map((offset) => file.readUInt32LE(at + offset));
    at += file.readUInt32LE(at + 4);
  }
  const [first, count, strings] = symbols;
  for (let entry = first; entry < first + 16 * count; entry += 16) {
    const type = file[entry + 4];
    if (type & debugging || !(type & external)) continue;
    const name = text(file, strings + file.readUInt32LE(entry));
    const ordinal = file[entry + 7];
    if ((type & typeMask) !== 0) library.exports.push(name);
    else library.imports.push({ name, from: ordinal === flatLookup ? undefined : library.dylibs[ordinal - 1] });
  }
  return library;
}

const text = (file, start) => file.toString('latin1', start, file.indexOf(0, start));
