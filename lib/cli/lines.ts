export interface Line {
  /** From 1. */
  number: number;
  /** Absent when the line is longer than the limit. */
  text?: string;
}

/** Longest line that is read; a file without line breaks is not pulled into memory whole. */
export const longestLine = 16 << 20;

const newline = 0x0a;

/** Cuts a stream of bytes at line feeds; drops carriage returns before them, and a byte order mark. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let number = 0;
  let parts: Uint8Array[] = [];
  let held = 0;
  const take = (last: Uint8Array): Line => {
    const length = held + last.length;
    const whole = parts.length > 0 && length <= longestLine ? Buffer.concat([...parts, last]) : last;
    parts = [];
    held = 0;
    number++;
    if (length > longestLine) return { number };
    const text = decoder.decode(whole);
    return { number, text: number === 1 ? text.replace(/^\uFEFF/, '').replace(/\r$/, '') : text.replace(/\r$/, '') };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end: number; (end = chunk.indexOf(newline, start)) >= 0; start = end + 1) {
      yield take(chunk.subarray(start, end));
    }
    const rest = chunk.subarray(start);
    held += rest.length;
    if (held <= longestLine) parts.push(rest);
    else parts = [];
  }
  if (held > 0) yield take(new Uint8Array());
}
