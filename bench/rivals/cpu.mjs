import { readFileSync } from 'node:fs';

const extensions = [
  'avx2',
  'fma',
  'f16c',
  'avx_vnni',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_bf16',
  'asimd',
  'asimddp',
  'i8mm',
  'bf16',
];

/** What Linux tells of the CPU beyond its name: virtual machines often have the same name on different cores. */
export function describeCpu() {
  let text;
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return 'instruction set not known';
  }
  const field = (name) => new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(text)?.[1].trim();
  const flags = new Set((field('flags') ?? field('Features') ?? '').split(' '));
  const model = field('cpu family') && `family ${field('cpu family')} model ${field('model')}`;
  return [model, extensions.filter((name) => flags.has(name)).join(' ')].filter(Boolean).join(', ');
}
