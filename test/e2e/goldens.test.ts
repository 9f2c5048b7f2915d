import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Reranker } from '../../dist/index.js';

interface Golden {
  query: string;
  document: string;
  truncated: boolean;
  logits: [number];
}

// The whole set runs against the addon; here a part of it goes through everything, text and truncation included.
const { pairs, modelSha256 } = JSON.parse(readFileSync(join(__dirname, '../goldens/starter.json'), 'utf8')) as {
  pairs: Golden[];
  modelSha256: string;
};
const cut = pairs.filter(({ truncated }) => truncated).slice(0, 4);
const whole = pairs.filter(({ truncated }) => !truncated).filter((_, i) => i % 12 === 0);
const chosen = [...whole, ...cut];

let reranker: Reranker;

beforeAll(async () => {
  reranker = await Reranker.load('starter', { device: 'cpu', dtype: 'float32' });
});

afterAll(() => reranker.close());

describe('the starter model', () => {
  it('is the one that the reference scores were made with', () => {
    const weights = readFileSync(join(__dirname, '../../models/starter/model.safetensors'));
    expect(createHash('sha256').update(weights).digest('hex')).toBe(modelSha256);
    expect(reranker.info().sha256).toBe(modelSha256);
  });

  it('scores text as transformers does in float32', async () => {
    expect(whole.length).toBeGreaterThan(20);
    expect(cut.length).toBe(4);
    const logits = await reranker.score(chosen.map(({ query, document }) => [query, document]), { activation: 'identity' });
    const errors = logits.map((logit, i) => Math.abs(logit - chosen[i]!.logits[0]));
    expect(Math.max(...errors)).toBeLessThan(2e-4);
  });
});
