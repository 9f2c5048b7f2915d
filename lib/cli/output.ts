import { once } from 'node:events';
import Table from 'cli-table3';
import type { Span } from '../index.js';
import { bold, dim, oneLine, paints } from './terminal.js';

export type OutputFormat = 'table' | 'json' | 'jsonl' | 'tsv';

/** One line of output. `text` is for people, `document` for programs. */
export interface OutputRow {
  rank?: number;
  index: number;
  line: number;
  file?: string;
  score: number;
  logit: number;
  truncated?: true;
  /** The part of `text` that earned the score. */
  span?: Span;
  query?: string;
  text: string;
  document: unknown;
}

export const defaultFormat = (): OutputFormat => (process.stdout.isTTY ? 'table' : 'tsv');

/** Writes rows to standard output as they come, no faster than they are read. */
export class RowWriter {
  readonly #format: OutputFormat;
  #rows = 0;

  constructor(format: OutputFormat) {
    this.#format = format;
  }

  async write(rows: readonly OutputRow[]): Promise<void> {
    if (rows.length === 0) return;
    await put(rows.map((row) => this.#render(row)).join(''));
  }

  async end(): Promise<void> {
    if (this.#format === 'json') await put(this.#rows === 0 ? '[]\n' : '\n]\n');
  }

  #render(row: OutputRow): string {
    const first = this.#rows++ === 0;
    switch (this.#format) {
      case 'json':
        return `${first ? '[\n' : ',\n'}  ${JSON.stringify(forPrograms(row))}`;
      case 'jsonl':
        return `${JSON.stringify(forPrograms(row))}\n`;
      case 'tsv':
        return `${tabbed(row)}\n`;
      case 'table':
        return `${tableLines([row], first)}\n`;
    }
  }
}

/** Columns: rank or index, score, logit, line, text; with queries one before the text. */
function tabbed({ rank, index, score, logit, line, query, text }: OutputRow): string {
  const numbers = [rank ?? index, score.toFixed(6), logit.toFixed(6), line];
  const texts = query === undefined ? [text] : [query, text];
  return [...numbers, ...texts.map(oneLine)].join('\t');
}

function forPrograms({ text: _, ...row }: OutputRow): object {
  return row;
}

function tableLines(rows: readonly OutputRow[], headed: boolean): string {
  const colour = paints(process.stdout);
  const columns = Math.max(40, Math.min(process.stdout.columns || 100, 160));
  const table = new Table({
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    colWidths: [8, 9, columns - 17],
    colAligns: ['right', 'right', 'left'],
  });
  const numbered = rows[0]?.rank === undefined ? 'line' : 'rank';
  if (headed) table.push([numbered, 'score', 'text'].map((name) => bold(name, colour)));
  for (const { rank, line, score, query, text, span, truncated } of rows) {
    const before = query === undefined ? '' : `${oneLine(query)} ${dim('|', colour)} `;
    const scored = oneLine(text.slice(span?.start, span?.end));
    table.push([rank ?? line, score.toFixed(4), `${before}${scored}${truncated ? dim(' (cut)', colour) : ''}`]);
  }
  return table.toString().replace(/ +$/gm, '');
}

const noBorders = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid',
    'mid', 'mid-mid', 'right', 'right-mid', 'middle'].map((name) => [name, '']),
);

/** Writes to standard output and waits while its reader is slow. */
export async function put(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
