import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
  cwd?: string;
}

const entry = join(process.cwd(), 'dist', 'cli', 'main.js');

export function startCli(args: readonly string[], { env, cwd }: CliOptions = {}): ChildProcess {
  return spawn(process.execPath, [entry, ...args], { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Runs the command line as a user's shell does, without a terminal. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = startCli(args, options);
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (text: Buffer) => (stdout += text));
  child.stderr!.on('data', (text: Buffer) => (stderr += text));
  child.stdin!.on('error', () => {}); // the command may end before it has read all
  child.stdin!.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export const jsonLines = (text: string): any[] => text.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
