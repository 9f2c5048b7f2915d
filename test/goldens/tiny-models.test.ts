import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tinyShapes, writeTinyModel, type TinyShapeName } from './tiny-models.js';

const goldens = JSON.parse(readFileSync(join(__dirname, 'tiny.json'), 'utf8'));
const cases = Object.keys(tinyShapes).flatMap((name) =>
  (['F32', 'F16', 'BF16'] as const).map((dtype) => [name as TinyShapeName, dtype] as const),
);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tiny-models-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each(cases)('%s in %s has the bytes the reference logits were made with', (name, dtype) => {
  writeTinyModel(folder, name, { dtype });
  const hash = createHash('sha256')
    .update(readFileSync(join(folder, 'model.safetensors')))
    .digest('hex');
  expect(hash).toBe(goldens.models[name].modelSha256[dtype]);
});

it('gives the tokenizer as many tokens as the embedding table has rows', () => {
  for (const [name, { vocabulary }] of Object.entries(tinyShapes)) {
    writeTinyModel(folder, name as TinyShapeName);
    const { model } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
    expect(new Set(Object.values(model.vocab)).size).toBe(vocabulary);
  }
});
