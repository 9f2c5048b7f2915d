import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { here, python } from './paths.mjs';

const patienceMs = 10 * 60_000;

/** A library with its settings, in a process of its own that stays warm. */
export class Contestant {
  #child;
  #replies;
  #complaints = '';

  /** Resolves when its model is loaded. */
  static async start(definition) {
    const contestant = new Contestant(definition);
    contestant.started = await contestant.#reply();
    return contestant;
  }

  constructor(definition) {
    this.definition = definition;
    const [command, script] =
      definition.driver === 'openvino' ? [python, 'openvino_serve.py'] : [process.execPath, 'serve.mjs'];
    const stdio = ['pipe', 'ignore', 'pipe', 'pipe'];
    this.#child = spawn(command, [here('drivers', script), JSON.stringify(definition)], { stdio });
    this.#child.stdin.on('error', () => {}); // of a process that is gone: the missing reply says so
    this.#child.stderr.on('data', (text) => (this.#complaints = (this.#complaints + text).slice(-2000)));
    this.#replies = createInterface({ input: this.#child.stdio[3] })[Symbol.asyncIterator]();
  }

  ask(command, parameters) {
    this.#child.stdin.write(`${JSON.stringify({ command, ...parameters })}\n`);
    return this.#reply();
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, 'exit');
  }

  async #reply() {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs);
    const { value, done } = await this.#replies.next();
    clearTimeout(timer);
    if (!done) return JSON.parse(value);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    const lines = this.#complaints.trim().split('\n');
    const complaint = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
    throw new Error(
      complaint || `its process ended with ${this.#child.signalCode ?? `code ${this.#child.exitCode}`}`,
    );
  }
}
