// The Mac addon, built on Linux. That proves that it compiles and links, and that a Mac with macOS 14 has everything it asks
// for; it does not prove that it runs. What is shipped is built on a Mac.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crossBuild, crossOutput } from './cross-build.mjs';
import { vendorFolder } from './fetch-native-deps.mjs';
import { readMachO } from './mach-o.mjs';
import { isMain } from './paths.mjs';
import { fail } from './progress.mjs';

const target = 'darwin-arm64';
const libcxx = '/usr/lib/libc++.1.dylib';
const libSystem = '/usr/lib/libSystem.B.dylib';
const mlx = '@rpath/libmlx.dylib';
const oldest = 14;

// What libmlx does not ask of the same libraries, so that it says nothing of them. All are far older than macOS 14: C++17
// and before, POSIX and C99; the dynamic linker's binder; and ___dso_handle, which the linker makes.
const knownOfLibcxx = [
  '__ZdlPvm', '__ZdlPv', '__ZTIi', '__ZdlPvSt11align_val_t', '__ZnwmSt11align_val_t',
  '__ZNSt13runtime_errorC2ERKS_', '__ZNSt3__16thread6detachEv',
  '__ZNSt3__19to_stringEf', '__ZNSt3__19to_stringEx', '__ZNSt3__19to_stringEy',
  '__ZNSt3__113basic_istreamIcNS_11char_traitsIcEEE6sentryC1ERS3_b',
  '__ZNSt3__113basic_istreamIcNS_11char_traitsIcEEErsERd',
  '__ZTTNSt3__119basic_istringstreamIcNS_11char_traitsIcEENS_9allocatorIcEEEE',
  '__ZTVNSt3__119basic_istringstreamIcNS_11char_traitsIcEENS_9allocatorIcEEEE',
];
const knownOfSystem = ['_access', '_atexit', '_erff', '_setenv', '_stat', '_strerror', 'dyld_stub_binder', '___dso_handle'];

/** Builds the addon and checks what it asks for; counts as the suites do, one for each kind of demand. */
export async function macAddonFromLinux() {
  const libmlx = path.join(vendorFolder('mlx', target), 'mlx', 'lib', 'libmlx.dylib');
  const folder = await crossBuild(target, { prepare: () => writeLibcxxStub(readMachO(readFileSync(libmlx))) });
  const checks = demands(readMachO(readFileSync(path.join(folder, 'mlx_rerank.node'))), readMachO(readFileSync(libmlx)));
  let failed = 0;
  for (const [what, wrong] of Object.entries(checks)) {
    process.stdout.write(`${wrong.length ? 'not ok' : 'ok'}  ${what}${wrong.map((one) => `\n        ${one}`).join('')}\n`);
    if (wrong.length) failed += 1;
  }
  return { passed: Object.keys(checks).length - failed, failed, skipped: 0 };
}

/** For each kind of demand, those that a Mac with macOS 14, Node and our libmlx would not meet. */
export function demands(addon, libmlx) {
  const offered = new Set([...libmlx.imports.map(({ name }) => name), ...knownOfLibcxx, ...knownOfSystem]);
  const askedOf = (library) => addon.imports.filter(({ from }) => from === library).map(({ name }) => name);
  const other = addon.dylibs.filter((name) => ![libcxx, libSystem, mlx].includes(name));
  return {
    [`runs on macOS ${oldest}`]: addon.minimumMacOS <= oldest ? [] : [`asks for macOS ${addon.minimumMacOS}`],
    'looks for libmlx beside itself': addon.rpaths[0] === '@loader_path' && addon.dylibs.includes(mlx) ? [] : addon.rpaths,
    'loads nothing but libmlx and the system': other,
    'asks Node for Node-API alone': askedOf(undefined).filter((name) => !/^_(napi|node_api)_/.test(name)),
    'asks libmlx for what it exports': askedOf(mlx).filter((name) => !libmlx.exports.includes(name)),
    'asks the C++ library for what libmlx asks for too': askedOf(libcxx).filter((name) => !offered.has(name)),
    'asks the system for what libmlx asks for too': askedOf(libSystem).filter((name) => !offered.has(name)),
    'exports what Node looks for': ['_napi_register_module_v1', '_node_api_module_get_api_version_v1']
      .filter((name) => !addon.exports.includes(name)),
  };
}

/** There is no libc++ of macOS here: the linker is told of those symbols that libmlx, built for macOS 14, finds in it. */
function writeLibcxxStub(libmlx) {
  const symbols = libmlx.imports.filter(({ from }) => from === libcxx).map(({ name }) => name);
  const all = [...new Set([...symbols, ...knownOfLibcxx])];
  const file = path.join(crossOutput(target), 'libc++.tbd');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `--- !tapi-tbd
tbd-version: 4
targets: [ arm64-macos ]
install-name: '${libcxx}'
exports:
  - targets: [ arm64-macos ]
    symbols: [ ${all.map((name) => `'${name}'`).join(', ')} ]
...
`);
  return { RERANK_LIBCXX: file };
}

if (isMain(import.meta.url)) {
  await macAddonFromLinux().then(({ failed }) => { if (failed) process.exitCode = 1; }).catch(fail);
}
