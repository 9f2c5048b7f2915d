import { existsSync } from 'node:fs';
import path from 'node:path';
import { crossBuild } from './cross-build.mjs';
import { inRoot, onPath } from './paths.mjs';
import { runQuietly } from './command.mjs';
import { step } from './progress.mjs';
import { runGoogleTests } from './suites.mjs';

const libraries = '/usr/aarch64-linux-gnu';
const packages = ['qemu-user', 'libc6-arm64-cross'];

/** Everything below the binding, built for 64-bit Arm as it is shipped and run under emulation, which has every feature. */
export async function nativeTestsOnArm64() {
  const emulator = await findEmulator();
  const folder = await crossBuild('linux-arm64', { tests: true });
  return runGoogleTests(folder, { name: 'gtest-arm64', emulator });
}

/** The command before an arm64 Linux program that runs it here; installs it on Debian as root. */
export async function findEmulator() {
  if (process.arch === 'arm64') return [];
  const found = () => existsSync(path.join(libraries, 'lib', 'ld-linux-aarch64.so.1')) && onPath('qemu-aarch64');
  if (!found() && process.getuid?.() === 0 && onPath('apt-get')) {
    await step(packages.join(' and '), async () => {
      const log = inRoot('build', 'apt.log');
      await runQuietly('apt-get', ['update', '-qq'], { log });
      await runQuietly('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { log });
    });
  }
  const qemu = found();
  if (!qemu) throw new Error(`arm64 programs cannot run here: install ${packages.join(' and ')} (Debian's names).`);
  return [qemu, '-L', libraries];
}
