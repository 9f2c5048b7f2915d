import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestLine, splitLines } from '../../../lib/cli/lines.js';

async function split(chunks: Uint8Array[]): Promise<(string | undefined)[]> {
  const lines: (string | undefined)[] = [];
  for await (const { number, text } of splitLines((async function* () { yield* chunks; })())) {
    expect(number).toBe(lines.length + 1);
    lines.push(text);
  }
  return lines;
}

describe('lines', () => {
  it('are the same however the bytes are cut', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((line) => line.replace(/[\r\n\uFEFF]/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1 }), fc.array(fc.nat(200)), fc.boolean(), async (lines, cuts, carriage) => {
        const bytes = Buffer.from(`${lines.join(carriage ? '\r\n' : '\n')}\n`);
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
        expect(await split(chunks)).toEqual(lines);
      }),
    );
  });

  it('longer than the limit are named, and cost no more memory than the limit', async () => {
    const block = Buffer.alloc(1 << 20, 'x');
    const chunks = [...Array<Buffer>(longestLine / block.length + 1).fill(block), Buffer.from('\nnext')];
    expect(await split(chunks)).toEqual([undefined, 'next']);
  });
});
