import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadOptions, Reranker } from '../../dist/index.js';
import { type TinyShapeName, writeTinyModel } from '../goldens/tiny-models.js';

/** A folder with a small seeded model, written anew. */
export function tinyFolder(shape: TinyShapeName = 'tiny'): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
  writeTinyModel(folder, shape);
  return folder;
}

export function loadTiny(options?: LoadOptions): Promise<Reranker> {
  return Reranker.load(tinyFolder(), options);
}

export const query = 'how do volcanoes form';

const words = 'the volcano river mountain fire stone bread egg milk garden flower tree bee bird dog horse fish train'.split(' ');

/** Documents of 1 to 40 words, all different. */
export function someDocuments(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    [i, ...Array.from({ length: 1 + ((i * 7) % 40) }, (_, k) => words[(i * 5 + k * k + k) % words.length])].join(' '),
  );
}
