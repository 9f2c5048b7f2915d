import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, homedir, platform, release, totalmem } from 'node:os';

export interface Fact {
  name: string;
  value: string;
}

/** Instruction sets that matter to the kernels, as Linux names them. */
const features =
  'sse4_2 avx avx2 fma f16c avx512f avx512bw avx512vl avx512_vnni avx512_bf16 avx_vnni amx_tile amx_int8 amx_bf16 ' +
  'asimd asimddp asimdhp i8mm bf16 sve';

const variables = [
  'HF_HOME', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'XDG_CACHE_HOME', 'HF_ENDPOINT', 'HF_HUB_OFFLINE',
  'TRANSFORMERS_OFFLINE', 'HF_HUB_DOWNLOAD_TIMEOUT', 'HF_TOKEN_PATH', 'HF_HUB_DISABLE_IMPLICIT_TOKEN',
  'MLX_RERANK_NATIVE', 'MLX_RERANK_METAL', 'MLX_RERANK_CPU', 'MLX_RERANK_KNOWN_MODELS',
];
/** Told by name alone: their values are secrets, or may hold some. */
const secretVariables = [
  'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN',
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
];

export function machineFacts(packageVersion: string): Fact[] {
  const glibc = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime;
  return [
    { name: 'mlx-rerank', value: packageVersion },
    { name: 'Node', value: `${process.version}, Node-API ${process.versions.napi}` },
    { name: 'system', value: `${platform()} ${arch()}, ${release()}${glibc ? `, glibc ${glibc}` : ''}` },
    { name: 'CPU', value: `${cpus()[0]?.model.trim() ?? 'unknown'}, usable cores: ${availableParallelism()}` },
    { name: 'CPU features', value: cpuFeatures() },
    { name: 'memory', value: `${(totalmem() / 2 ** 30).toFixed(1)} GiB` },
  ];
}

export function environmentFacts(): Fact[] {
  const isSet = (name: string) => Boolean(process.env[name]);
  const plain = variables.filter(isSet).map((name) => ({ name, value: atHome(process.env[name]!) }));
  const secret = secretVariables.filter(isSet).map((name) => ({ name, value: '(set)' }));
  return [...plain, ...secret];
}

/** Paths without the name of the user, for reports that others read. */
export function atHome(path: string): string {
  const home = homedir();
  return home.length > 1 ? path.replaceAll(home, '~') : path;
}

function cpuFeatures(): string {
  try {
    const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
    return features.split(' ').filter((feature) => flags.has(feature)).join(' ') || 'none that matters';
  } catch {
    return 'not told by this system';
  }
}
