import { CommandError, exitCodes } from './exit-codes.js';

const mostShown = 20;

/** Lines that could not be read: told as they come, the first of them; with `strict` the first ends the command. */
export class BadLines {
  readonly #strict: boolean;
  readonly #say: (message: string) => void;
  #count = 0;

  constructor(strict: boolean, say: (message: string) => void) {
    this.#strict = strict;
    this.#say = say;
  }

  get count(): number {
    return this.#count;
  }

  readonly add = (file: string, line: number, problem: string): void => {
    const message = `${file}:${line}: ${problem}`;
    if (this.#strict) throw new CommandError(exitCodes.input, `${message}. Stopped there because of --strict.`);
    this.#count++;
    if (this.#count <= mostShown) this.#say(`${message}; skipped`);
    if (this.#count === mostShown) this.#say('Further lines that are skipped are only counted.');
  };
}
