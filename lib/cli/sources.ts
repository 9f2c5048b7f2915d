import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CommandError, exitCodes } from './exit-codes.js';

export type InputFormat = 'text' | 'paragraphs' | 'jsonl' | 'csv' | 'tsv';

/** A file, or standard input, not opened yet. */
export interface Source {
  /** As the user wrote it; `stdin` for standard input. */
  name: string;
  format: InputFormat;
  /** Bytes; unknown of a pipe. */
  size?: number;
  open(): Readable;
}

const extensions: Record<string, InputFormat> = {
  jsonl: 'jsonl', ndjson: 'jsonl', json: 'jsonl', csv: 'csv', tsv: 'tsv',
};

/** The inputs of a command, checked before anything is loaded. No names, and `-`, mean standard input. */
export async function findSources(names: readonly string[], format?: InputFormat): Promise<Source[]> {
  const sources: Source[] = [];
  for (const name of names.length > 0 ? names : ['-']) sources.push(await findSource(name, format));
  return sources;
}

async function findSource(name: string, format?: InputFormat): Promise<Source> {
  if (name === '-') return { name: 'stdin', format: format ?? 'text', open: () => process.stdin };
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such file' : error.message;
    throw new CommandError(exitCodes.input, `${name}: ${why}.`);
  });
  if (found.isDirectory()) throw new CommandError(exitCodes.input, `${name}: expected a file, received a folder.`);
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return {
    name,
    format: format ?? extensions[extension] ?? 'text',
    size: found.isFile() ? found.size : undefined,
    open: () => createReadStream(name, { highWaterMark: 1 << 18 }),
  };
}
