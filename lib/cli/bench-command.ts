import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, exitCodes } from './exit-codes.js';

/** Hands over to the benchmark of a clone; the published package does not carry it. */
export async function benchCommand(args: string[]): Promise<void> {
  const script = join(__dirname, '..', '..', 'bench', 'main.mjs');
  if (!existsSync(script)) {
    throw new CommandError(exitCodes.failed, 'the benchmark comes with a clone of the repository: npm run bench there.');
  }
  const [code] = (await once(spawn(process.execPath, [script, ...args], { stdio: 'inherit' }), 'exit')) as [number | null];
  if (code !== 0) throw new CommandError(code ?? exitCodes.failed, `the benchmark ended with exit code ${code}.`);
}
