import type { NativeAddon } from './addon.js';

let warned = false;

/** Says once, as a process warning, that this process has given up its GPU; nothing when it has not. */
export function warnOfDeviceFault({ deviceFault }: Pick<NativeAddon, 'deviceFault'>): void {
  const fault = deviceFault();
  if (fault === null || warned) return;
  warned = true;
  process.emitWarning(
    `${fault}. This process does not use it for further models: they load on the CPU. A new process tries it again.`,
    { type: 'RerankerWarning', code: 'ERR_DEVICE' },
  );
}
