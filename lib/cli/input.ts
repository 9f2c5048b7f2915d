import { BadLines } from './bad-lines.js';
import { FieldProblem } from './fields.js';
import type { Interrupt } from './interrupt.js';
import type { InputArguments } from './options.js';
import { Progress } from './progress.js';
import { type InputRecord, readRecords } from './records.js';
import type { Source } from './sources.js';
import { say } from './terminal.js';

export interface InputItem<T> extends InputRecord {
  content: T;
}

/** The input of a scoring command: records with their texts, bad lines told and left out, progress shown. */
export class Input<T> {
  readonly #sources: readonly Source[];
  readonly #contentOf: (record: InputRecord) => T;
  readonly #interrupt: Interrupt;
  readonly #bad: BadLines;
  readonly #progress = new Progress();
  readonly #total: number;
  #bytes = 0;
  #handedOut = 0;

  constructor(
    sources: readonly Source[],
    args: InputArguments,
    interrupt: Interrupt,
    contentOf: (record: InputRecord) => T,
  ) {
    this.#sources = sources;
    this.#contentOf = contentOf;
    this.#interrupt = interrupt;
    this.#bad = new BadLines(args.strict === true, say);
    const sizes = sources.map(({ size }) => size);
    this.#total = sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : 0;
  }

  get skipped(): number {
    return this.#bad.count;
  }

  /** More than one file: rows then say which. */
  get severalFiles(): boolean {
    return this.#sources.length > 1;
  }

  async *items(): AsyncGenerator<InputItem<T>> {
    const records = readRecords(this.#sources, {
      onBadLine: this.#bad.add,
      onBytes: (bytes) => (this.#bytes += bytes),
      signal: this.#interrupt.signal,
    });
    for await (const record of records) {
      let content: T;
      try {
        content = this.#contentOf(record);
      } catch (error) {
        if (!(error instanceof FieldProblem)) throw error;
        this.#bad.add(record.file, record.line, error.message);
        continue;
      }
      this.#handedOut++;
      yield { ...record, content };
    }
  }

  showProgress(scored: number): void {
    // Bytes are read ahead of scores: of those read, as much is done as of the records read is scored.
    const done = this.#bytes * (scored / this.#handedOut);
    this.#progress.update(done, this.#total, `${scored} scored`);
  }

  /** Ends the bar and tells in a line each what was left out or cut. */
  end(truncated: number, maxLength: number): void {
    this.#progress.stop();
    if (truncated > 0) say(`${counted(truncated, 'pair')} had more than ${maxLength} tokens; what is beyond was not read.`);
    if (this.skipped > 0) say(`${counted(this.skipped, 'line')} could not be read, skipped.`);
    if (this.#interrupt.signal.aborted) say('Interrupted; what was scored by then is written out.');
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
