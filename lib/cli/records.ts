import { Transform } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { CommandError, exitCodes } from './exit-codes.js';
import { longestLine, splitLines } from './lines.js';
import type { Source } from './sources.js';

/** One document of the input, or one pair. */
export interface InputRecord {
  file: string;
  /** From 1: where the record starts in its file, or ends in a CSV file. */
  line: number;
  /** A string of a text file, the parsed value otherwise. */
  value: unknown;
}

export interface ReadOptions {
  /** Called for a line that cannot be read; may throw to stop. */
  onBadLine(file: string, line: number, problem: string): void;
  onBytes(bytes: number): void;
  signal: AbortSignal;
}

/** Reads sources one after another, as records. Blank lines are no records. */
export async function* readRecords(sources: readonly Source[], options: ReadOptions): AsyncGenerator<InputRecord> {
  for (const source of sources) {
    const stream = source.open();
    const stop = () => stream.destroy();
    options.signal.addEventListener('abort', stop, { once: true });
    const counted = stream.pipe(counter(options.onBytes));
    stream.on('error', (error) => counted.destroy(error)).on('close', () => options.signal.aborted && counted.end());
    try {
      const { format, name } = source;
      if (format === 'csv' || format === 'tsv') yield* readTable(counted, name, format === 'csv' ? ',' : '\t', options);
      else if (format === 'paragraphs') yield* readParagraphs(counted, name, options);
      else yield* readLines(counted, name, format === 'jsonl', options);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
      throw new CommandError(exitCodes.input, `${source.name}: ${message}.`);
    } finally {
      options.signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }
}

async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  file: string,
  json: boolean,
  { onBadLine }: ReadOptions,
): AsyncGenerator<InputRecord> {
  for await (const { number: line, text } of splitLines(stream)) {
    if (text === undefined) onBadLine(file, line, `longer than ${longestLine} bytes`);
    else if (text.trim() === '') continue;
    else if (!json) yield { file, line, value: text };
    else {
      const value = parseJson(text);
      if (value === undefined) onBadLine(file, line, 'not JSON');
      else yield { file, line, value };
    }
  }
}

/** Lines up to a blank one are one document. */
async function* readParagraphs(
  stream: AsyncIterable<Uint8Array>,
  file: string,
  { onBadLine }: ReadOptions,
): AsyncGenerator<InputRecord> {
  let first = 0;
  let lines: string[] = [];
  let length = 0;
  const paragraph = () => ({ file, line: first, value: lines.join(' ') });
  for await (const { number, text = '' } of splitLines(stream)) {
    if (text.trim() === '' && lines.length > 0) {
      yield paragraph();
      lines = [];
      length = 0;
    } else if (text.trim() !== '') {
      if (lines.length === 0) first = number;
      length += text.length;
      if (length <= longestLine) lines.push(text.trim());
      else onBadLine(file, number, `in a paragraph of more than ${longestLine} characters`);
    }
  }
  if (lines.length > 0) yield paragraph();
}

/** A table with a line of headings. */
async function* readTable(
  stream: Transform,
  file: string,
  delimiter: string,
  { onBadLine }: ReadOptions,
): AsyncGenerator<InputRecord> {
  const bad: CsvError[] = [];
  const parser = parse({
    bom: true,
    columns: true,
    delimiter,
    info: true,
    max_record_size: longestLine,
    on_skip: (error) => void (error && bad.push(error)),
    quote: delimiter === ',' ? '"' : null,
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  stream.on('error', (error) => parser.destroy(error));
  const report = () => {
    for (const error of bad.splice(0)) onBadLine(file, Number(error.lines ?? 0), error.message);
  };
  for await (const { record, info } of stream.pipe(parser) as AsyncIterable<{ record: object; info: { lines: number } }>) {
    report();
    yield { file, line: info.lines, value: record };
  }
  report();
}

function counter(onBytes: (bytes: number) => void): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
}

/** undefined is no JSON value. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
