import type { WriteStream } from 'node:tty';

/** Colour by the usual rules: NO_COLOR forbids it, FORCE_COLOR asks for it, otherwise terminals that can. */
export function paints(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && (stream as WriteStream).hasColors();
}

const paint = (code: number, end: number) => (text: string, on: boolean) =>
  on ? `\u001b[${code}m${text}\u001b[${end}m` : text;

export const bold = paint(1, 22);
export const dim = paint(2, 22);
export const red = paint(31, 39);
export const green = paint(32, 39);

/** One line without control characters, so that a document cannot speak to the terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ').trim();
}

/** Says something beside the output. */
export function say(message: string): void {
  process.stderr.write(`mlx-rerank: ${message}\n`);
}

export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
