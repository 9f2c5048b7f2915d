import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { type Verdict, verdictSchema } from './gpu-verdict.js';

/** More than a machine needs between two updates of its system. */
const mostVerdicts = 64;

const fileSchema = v.object({ verdicts: v.record(v.string(), verdictSchema) });

/** Where a platform keeps what can be made again. */
export function verdictFile(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  const xdg = env.XDG_CACHE_HOME;
  const folder =
    xdg && isAbsolute(xdg) ? xdg : join(homedir(), ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']));
  return join(folder, 'mlx-rerank', 'gpu-gate.json');
}

/** Verdicts of the gate, kept in one file between processes. It is a cache: damaged or not writable means empty. */
export class VerdictCache {
  constructor(readonly file: string = verdictFile()) {}

  async get(key: string): Promise<Verdict | undefined> {
    return (await this.#read())[key];
  }

  /** Resolves to whether it could be kept. Whoever reads meanwhile sees the old file or the new one, never a part. */
  async set(key: string, verdict: Verdict): Promise<boolean> {
    const { [key]: _, ...others } = await this.#read();
    const entries = [...Object.entries(others), [key, verdict] as const].slice(-mostVerdicts);
    const part = `${this.file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    try {
      await mkdir(dirname(this.file), { recursive: true });
      await writeFile(part, JSON.stringify({ verdicts: Object.fromEntries(entries) }, null, 1));
      await rename(part, this.file);
      return true;
    } catch {
      await rm(part, { force: true }).catch(() => {});
      return false;
    }
  }

  async #read(): Promise<Record<string, Verdict>> {
    try {
      return v.parse(fileSchema, JSON.parse(await readFile(this.file, 'utf8'))).verdicts;
    } catch {
      return {};
    }
  }
}
