import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './paths.mjs';

const tailLines = 40;

/** Runs a command quietly: its output goes to the file `log`, the end of it into the error when it fails. */
export async function runQuietly(command, args, { log, cwd = root, env = process.env, onLine = () => {} }) {
  mkdirSync(path.dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(file, { end: false });
    createInterface({ input: stream }).on('line', onLine);
  }
  const outcome = await ended(child);
  await new Promise((resolve) => file.end(resolve));
  if (outcome !== 'exit code 0') {
    const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-tailLines).join('\n');
    const name = path.basename(command === process.execPath ? args[0] : command);
    throw new Error(`${name} ended with ${outcome}\n${tail}\n(all of it: ${log})`);
  }
}

/** Runs a command on this terminal; resolves to its exit code, or to the signal that ended it. */
export async function runHere(command, args, { cwd = root, env = process.env, timeoutMs } = {}) {
  const outcome = await ended(spawn(command, args, {
    cwd, env, stdio: ['ignore', 'inherit', 'inherit'], timeout: timeoutMs, killSignal: 'SIGKILL',
  }));
  return outcome.startsWith('exit code ') ? Number(outcome.slice('exit code '.length)) : outcome;
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}
