import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeLoadOptions } from '../../lib/native/addon.js';
import { tinyShapes, writeTinyModel, type TinyShapeName } from '../goldens/tiny-models.js';
import { kendallTau, packed, starterPairs, tinyPairs, worstError, type GoldenPair } from './golden-sets.js';
import { loadOptions, openAddon, root } from './open-addon.js';

const full = process.env['RERANK_FULL'] === '1';
/** `npm run test:gpu` asks for MLX's GPU, and then only MLX is looked at. */
const device = process.env['RERANK_DEVICE'] === 'gpu' ? 'gpu' : 'cpu';
const starter = path.join(root, 'models', 'starter');

interface Column {
  name: string;
  addon: 'mlx_rerank' | 'mlx_rerank_cpu';
  options: Partial<NativeLoadOptions>;
  pairs: GoldenPair[];
  maxError: number;
  minTau?: number;
}

// MLX's CPU device is slow (half types are emulated there), so outside the full run it sees a sample.
const sample = starterPairs.slice(0, 40);
const short = starterPairs.filter((pair) => pair.short);
const float32 = { dtype: 'float32', maxError: 2e-4 } as const;

const allColumns: Column[] = [
  column('mlx', { ...float32, lengthMultiple: 1, pairs: full ? starterPairs : sample }),
  column('mlx', { ...float32, lengthMultiple: 8, pairs: sample }),
  column('mlx', { dtype: 'float16', lengthMultiple: 8, pairs: short, maxError: 0.03, minTau: 0.98 }),
  column('mlx', { dtype: 'bfloat16', lengthMultiple: 1, pairs: short, maxError: 0.3, minTau: 0.95 }),
  column('cpu', { ...float32, pairs: starterPairs }),
  column('cpu', { dtype: 'bfloat16', pairs: starterPairs, maxError: 0.15, minTau: 0.99 }),
  column('cpu', { dtype: 'int8', pairs: starterPairs, maxError: 0.8, minTau: 0.97 }),
];
const columns = device === 'gpu' ? allColumns.filter(({ options }) => options.path === 'mlx') : allColumns;

function column(
  way: 'mlx' | 'cpu',
  { dtype, lengthMultiple, ...rest }: Pick<NativeLoadOptions, 'dtype' | 'lengthMultiple'> & Omit<Column, 'name' | 'addon' | 'options'>,
): Column {
  return {
    name: [way, dtype, lengthMultiple && `length multiple ${lengthMultiple}`].filter(Boolean).join(', '),
    addon: way === 'mlx' ? 'mlx_rerank' : 'mlx_rerank_cpu',
    options: { path: way, device, dtype, lengthMultiple },
    ...rest,
  };
}

/** Batches of 16, as a queue would send them, so that pairs of all lengths meet. */
async function logitsOf(folder: string, { addon, options }: Column, pairs: GoldenPair[], typeVocabSize = 2) {
  const model = await openAddon(addon).load(folder, loadOptions(options));
  expect(model.info).toMatchObject({ path: options.path, device, dtype: options.dtype });
  const parts: number[] = [];
  for (let i = 0; i < pairs.length; i += 16) {
    parts.push(...(await model.score(packed(pairs.slice(i, i + 16), typeVocabSize))));
  }
  await model.close();
  return Float32Array.from(parts);
}

describe('the starter model against transformers in float32', () => {
  test.for(columns)('$name', { timeout: 20 * 60_000 }, async (column) => {
    const logits = await logitsOf(starter, column, column.pairs);
    const error = worstError(column.pairs, logits);
    const tau = kendallTau(column.pairs, logits);
    console.log(`${column.name}: ${column.pairs.length} pairs, max error ${error.toExponential(1)}, tau ${tau.toFixed(5)}`);
    expect(error).toBeLessThan(column.maxError);
    if (column.minTau) expect(tau).toBeGreaterThan(column.minTau);
  });
});

describe('generated models of other shapes against transformers in float32', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'goldens-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const shapes = Object.keys(tinyShapes) as TinyShapeName[];
  const float32Columns = columns.filter((column) => column.options.dtype === 'float32');
  test.for(shapes.flatMap((shape) => float32Columns.map((column) => ({ shape, column }))))(
    '$shape on $column.name',
    async ({ shape, column }) => {
      const model = path.join(folder, shape);
      writeTinyModel(model, shape);
      const pairs = tinyPairs(shape);
      const logits = await logitsOf(model, column, pairs, tinyShapes[shape].tokenTypes);
      expect(worstError(pairs, logits)).toBeLessThan(2e-4);
    },
  );

  test.for(['F16', 'BF16'] as const)('weights stored as %s give the same float32 scores', async (dtype) => {
    const model = path.join(folder, dtype);
    writeTinyModel(model, 'tiny', { dtype });
    for (const column of float32Columns) {
      const pairs = tinyPairs('tiny');
      expect(worstError(pairs, await logitsOf(model, column, pairs))).toBeLessThan(2e-4);
    }
  });
});
