import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataset } from '../../../bench/datasets/catalogue.mjs';
import { paddingShare } from '../../../bench/datasets/padding.mjs';

type Pairs = [query: string, document: string][];
const make = (name: string, limit?: number) => openDataset({ name }).make({ limit }) as Pairs;

function jsonl(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'mlx-rerank-')), 'mine.jsonl');
  writeFileSync(file, text);
  return file;
}

it('a dataset is the same every time, and its start is the start of a longer one', () => {
  expect(make('D1', 50)).toEqual(make('D1', 500).slice(0, 50));
});

it('D1 has no pair twice', () => {
  const pairs = make('D1');
  expect(pairs).toHaveLength(20_000);
  expect(new Set(pairs.map((pair) => pair.join('\n'))).size).toBe(20_000);
});

it("D2 are the reference study's strings", () => {
  expect(make('D2')[19_999]).toEqual(['query 19999', 'document 19999 with some text content']);
});

it('D3 has a hundred documents for each query', () => {
  const pairs = make('D3');
  expect(new Set(pairs.slice(0, 100).map(([query]) => query)).size).toBe(1);
  expect(new Set(pairs.slice(0, 100).map(([, document]) => document)).size).toBe(100);
  expect(pairs[100]![0]).not.toBe(pairs[99]![0]);
});

it('one document in ten of the huge ones has a megabyte, and most of those are not ASCII', () => {
  const huge = make('huge documents')
    .map(([, document]) => document)
    .filter((document) => Buffer.byteLength(document) >= 2 ** 20);
  expect(huge).toHaveLength(100);
  expect(huge.filter((document) => /[^\x00-\x7f]/.test(document)).length).toBeGreaterThan(50);
});

it("a user's file is read as it is, and what is wrong in it is named", () => {
  const file = jsonl('{"query":"q","document":"d"}\n\n{"query":"r","documents":["e","f"]}\n');
  expect(openDataset({ name: 'D1', file })).toMatchObject({ name: 'mine.jsonl' });
  expect(openDataset({ file }).make()).toEqual([
    ['q', 'd'],
    ['r', 'e'],
    ['r', 'f'],
  ]);
  expect(() => openDataset({ file: jsonl('{"query":"q","document":"d"}\n{"query":1}') })).toThrow(
    /mine\.jsonl:2: expected "query"/,
  );
  expect(() => openDataset({ file: jsonl('nonsense') })).toThrow(/mine\.jsonl:1: expected one JSON object/);
  expect(() => openDataset({ file: jsonl('') })).toThrow(/found none/);
  expect(() => openDataset({ name: 'D9' })).toThrow(/There is no dataset D9/);
});

it('padding counts what the longest of a batch makes the others carry', () => {
  expect(paddingShare([10, 30, 20, 20], 2)).toBeCloseTo(0.2, 12); // 60 + 40 computed, 80 real
});
