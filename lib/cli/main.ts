#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { CommandError, exitCodeOf, exitCodes } from './exit-codes.js';
import { Interrupt } from './interrupt.js';
import { buildProgram } from './program.js';
import { RerankerError } from '../index.js';
import { say } from './terminal.js';

const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };
const interrupt = new Interrupt();

// A reader that has enough, such as head, is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : exitCodes.failed));
}

async function main(): Promise<number> {
  const program = buildProgram(version, interrupt);
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync();
  } catch (error) {
    if (interrupt.exitCode === 0) return report(error);
  }
  return interrupt.exitCode;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage; // it has spoken
  const known = error instanceof CommandError || error instanceof RerankerError;
  say(known ? (error as Error).message : String((error as Error)?.stack ?? error));
  return exitCodeOf(error);
}

void main().then((code) => {
  process.exitCode = code;
  process.stdin.destroy(); // a pipe that nobody reads any more must not keep the process
});
