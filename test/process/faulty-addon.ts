import { spawn } from 'node:child_process';
import path from 'node:path';

const builds = process.env['MLX_RERANK_NATIVE'] ?? path.join(__dirname, '..', '..', 'build', 'Release');

/** The addon with a GPU that fails on command. */
export const faultyAddon = path.join(builds, '..', 'test-addons', 'faulty_rerank.node');

export interface Ending {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a scenario in a process whose GPU fails as `fault` says, such as `hang@1`. */
export function runWithFault(scenario: string, fault: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ending> {
  const child = spawn(process.execPath, [path.join(__dirname, 'scenarios', `${scenario}.cjs`), ...args], {
    env: { ...process.env, FAULTY_GPU: fault, ...env },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
