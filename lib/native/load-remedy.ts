import { type Attempt, Mismatch, reasonOf } from './attempt.js';
import type { AddonName } from './choose-path.js';
import type { Host } from './load-addon.js';
import { platformPackage } from './platform-package.js';

/** What to do about an addon that was not found or did not load; building it is what comes last. */
export function remedy(name: AddonName, host: Host, last: Attempt): string {
  if (host.override) return 'Unset MLX_RERANK_NATIVE, or point it at an addon of this version.';
  if (last.error instanceof Mismatch) return 'Reinstall, so that both come from one release; in a clone, npm run setup.';
  return unsupported(host) ?? (last.absent ? whenAbsent(name, host) : whenRefused(host, reasonOf(last)));
}

/** A machine that no package is made for. */
function unsupported(host: Host): string | undefined {
  const { platform, arch, glibc } = host;
  if (platform === 'win32') return 'Windows is not supported; under WSL 2 the Linux package works.';
  if (platform === 'darwin' && arch !== 'arm64') {
    return 'Intel Macs are not supported. On Apple silicon, use an arm64 Node instead of one under Rosetta.';
  }
  if (platform === 'linux' && !glibc) {
    return `The prebuilt package needs glibc 2.28 or newer, this is musl (Alpine): use an image such as node:22-slim.`;
  }
  return undefined;
}

function whenAbsent(name: AddonName, host: Host): string {
  const { platform, arch, version } = host;
  const wanted = platformPackage(name, platform, arch);
  if (wanted === undefined) {
    const other = platform === 'linux' && name === 'mlx_rerank' ? "Leave device and path at 'auto' for the CPU encoder. " : '';
    return other + buildIt(host);
  }
  const others = host.installedPackages();
  const why = others.length
    ? `node_modules was installed for another machine: it holds ${others.join(', ')}. Install on this one, or for it`
    : 'It comes as an optional dependency. --no-optional and --omit=optional leave it out, and so can a lockfile made on ' +
      'another platform: remove node_modules and the lockfile once. Install again';
  return (
    `${why}: npm install --include=optional --os=${platform} --cpu=${arch} mlx-rerank, or name it: ` +
    `npm install --save-optional ${wanted}@${version} (pnpm and Yarn: supportedArchitectures). ${buildIt(host)}`
  );
}

/** Something is there and the system does not load it. */
function whenRefused(host: Host, reason: string): string {
  if (/GLIBC(XX)?_/.test(reason)) {
    return `The prebuilt package needs glibc 2.28 or newer: use a newer system or image. ${buildIt(host)}`;
  }
  if (/Node-API version/.test(reason)) return 'Use Node 20 or newer.';
  if (/app\.asar/.test(reason)) {
    return "Electron: unpack it from the archive, asarUnpack: ['**/node_modules/{mlx-rerank,@mlx-rerank}/**'].";
  }
  if (/not permitted|permission denied|map segment|EACCES|EPERM/i.test(reason) && host.platform !== 'darwin') {
    return (
      'The system does not let code run from that folder (a mount with noexec, or a policy): install elsewhere, or ' +
      'copy the addon to a folder that may and point MLX_RERANK_NATIVE at it.'
    );
  }
  if (/ELF|Exec format|incompatible architecture/i.test(reason)) {
    return `The file is damaged or was built for another machine: remove node_modules and install on this one. ${buildIt(host)}`;
  }
  if (host.platform === 'darwin') {
    return 'If macOS quarantined it: xattr -dr com.apple.quarantine node_modules/@mlx-rerank. Else reinstall.';
  }
  return `Reinstall; in a clone, npm run setup. ${buildIt(host)}`;
}

const buildIt = ({ version }: Host): string =>
  `To build it: npm run setup in a clone of version ${version}, then set MLX_RERANK_NATIVE to its folder build/Release.`;
