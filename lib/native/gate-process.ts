import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GpuTrial, NativeLoadOptions } from './addon.js';
import type { GateOutcome } from './gpu-verdict.js';

/** What the child says: that it runs, and then how it went. */
export type GateMessage =
  | { started: true }
  | { trial: GpuTrial }
  | { error: { code: string; message: string } };

/** Set in the child, so that whatever it runs never starts another. */
export const childMark = 'MLX_RERANK_GATE_CHILD';

/** Twice what the addon itself waits for a GPU; by then it has said so, or cannot. */
const patienceMs = 120_000;
const keptOfStderr = 2_000;

export interface GateProcessOptions {
  /** Program of the child. */
  entry?: string;
  patienceMs?: number;
}

/** Tries a model on the GPU in a process of its own: a GPU that hangs or crashes takes that one with it, not this one. */
export function runGateProcess(
  folder: string,
  options: NativeLoadOptions,
  { entry = join(__dirname, 'gate-child.js'), patienceMs: patience = patienceMs }: GateProcessOptions = {},
): Promise<GateOutcome> {
  if (!existsSync(entry)) return Promise.resolve({ kind: 'not-run', why: `${entry} is not there` });
  let child: ChildProcess;
  try {
    child = fork(entry, [folder, JSON.stringify(options)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, [childMark]: '1', ELECTRON_RUN_AS_NODE: '1' },
    });
  } catch (error) {
    return Promise.resolve({ kind: 'not-run', why: (error as Error).message });
  }
  return outcomeOf(child, patience).finally(() => child.kill('SIGKILL'));
}

function outcomeOf(child: ChildProcess, patience: number): Promise<GateOutcome> {
  let started = false;
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-keptOfStderr)));
  return new Promise((resolve) => {
    const end = (outcome: GateOutcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const timer = setTimeout(
      () => end(started ? { kind: 'hung', seconds: patience / 1000 } : { kind: 'not-run', why: 'it did not begin' }),
      patience,
    );
    child.on('message', (message: GateMessage) => {
      if ('started' in message) started = true;
      else if ('trial' in message) end({ kind: 'tried', trial: message.trial });
      else end({ kind: 'failed', ...message.error });
    });
    child.once('error', ({ message }) => end({ kind: 'not-run', why: message }));
    child.once('close', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      end(started ? { kind: 'crashed', how, stderr } : { kind: 'not-run', why: `it ended with ${how} before it began` });
    });
  });
}
