import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { documentOnly, longestFirst } from '../../../lib/tokenizer/truncation.js';

type Row = [query: number, document: number, maxLength: number, keptQuery: number, keptDocument: number];

const file = join(import.meta.dirname, 'truncation-lengths.json');
const rows = JSON.parse(readFileSync(file, 'utf8')) as Record<'longest-first' | 'document-only', Row[]>;
const specialTokens = 3;

it('keeps what the Rust tokenizer keeps, longest first', () => {
  for (const [query, document, maxLength, ...kept] of rows['longest-first']) {
    const lengths = longestFirst(query, document, maxLength - specialTokens);
    expect([lengths.query, lengths.document], `${query}, ${document}, ${maxLength}`).toEqual(kept);
  }
});

it('keeps what the Rust tokenizer keeps of the document only, and refuses where it does', () => {
  for (const [query, document, maxLength, ...kept] of rows['document-only']) {
    const lengths = documentOnly(query, document, maxLength - specialTokens) ?? { query: -1, document: -1 };
    expect([lengths.query, lengths.document], `${query}, ${document}, ${maxLength}`).toEqual(kept);
  }
});

const tokens = fc.nat({ max: 1200 });
const room = fc.integer({ min: 1, max: 600 });

it('needs no more of a document than max(room, query) + 1 tokens', () => {
  fc.assert(
    fc.property(tokens, tokens, room, (query, document, room) => {
      const enough = Math.max(room, query) + 1;
      expect(longestFirst(query, Math.min(document, enough), room)).toEqual(
        longestFirst(query, document, room),
      );
    }),
  );
});

it('fills the room exactly when it cuts', () => {
  fc.assert(
    fc.property(tokens, tokens, room, (query, document, room) => {
      for (const kept of [longestFirst(query, document, room), documentOnly(query, document, room)]) {
        if (!kept) continue;
        expect(kept.query + kept.document).toBe(Math.min(query + document, room));
        expect(kept.query).toBeLessThanOrEqual(query);
        expect(kept.document).toBeLessThanOrEqual(document);
      }
    }),
  );
});
