import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './tools.js';

const folder = join(repository, 'build', 'install', 'debian-11');

/** The root folder of a Debian 11 (glibc 2.31), made once by debootstrap; undefined where that cannot be had. */
export function oldSystem(): string | undefined {
  if (existsSync(folder)) return folder;
  if (process.getuid?.() !== 0) return undefined;
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true });
  try {
    if (!existsSync('/usr/sbin/debootstrap')) {
      execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
      execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'debootstrap'], { stdio: 'ignore' });
    }
    execFileSync('debootstrap', ['--variant=minbase', 'bullseye', half], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  renameSync(half, folder);
  return folder;
}
