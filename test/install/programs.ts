/** What users do with the package, each a program whose whole output is known. */
const rank = `
  const reranker = await Reranker.load('starter');
  const [best] = await reranker.rank('how do bees find their way?', ['Bread keeps in a bag.', 'Bees fly by the sun.'], { topN: 1 });
  console.log(best.index, best.document, best.score > 0.1);`;

export const ranking = '1 Bees fly by the sun. true\n';

interface Program {
  files: Record<string, string>;
  start: string;
  output: string;
}

export const programs = {
  'ESM': {
    files: { 'rank.mjs': `import { Reranker } from 'mlx-rerank';${rank}` },
    start: 'rank.mjs',
    output: ranking,
  },
  'CommonJS': {
    files: { 'rank.cjs': `const { Reranker } = require('mlx-rerank');\n(async () => {${rank}\n})();` },
    start: 'rank.cjs',
    output: ranking,
  },
  'worker threads': {
    files: {
      'workers.mjs': `import { Worker } from 'node:worker_threads';
        import { once } from 'node:events';
        await Promise.all([1, 2].map(() => once(new Worker('./rank.mjs'), 'exit')));`,
      'rank.mjs': `import { Reranker } from 'mlx-rerank';${rank}`,
    },
    start: 'workers.mjs',
    output: ranking.repeat(2),
  },
  'cluster': {
    files: {
      'cluster.mjs': `import cluster from 'node:cluster';
        cluster.setupPrimary({ exec: 'member.cjs' });
        for (let i = 0; i < 2; i++) cluster.fork();`,
      'member.cjs': `const { Reranker } = require('mlx-rerank');\n(async () => {${rank}\nprocess.disconnect(); })();`,
    },
    start: 'cluster.mjs',
    output: ranking.repeat(2),
  },
} satisfies Record<string, Program>;

export type ProgramName = keyof typeof programs;

/** A strict consumer in TypeScript, checked with the declarations of the package and not only against them. */
export const typescript = `import { Reranker, RerankerError, type RankResult } from 'mlx-rerank';

export async function main(): Promise<number> {
  const reranker: Reranker = await Reranker.load('starter', { device: 'cpu', signal: AbortSignal.timeout(10_000) });
  const results: RankResult<{ text: string; id: number }>[] = await reranker.rank('q', [{ text: 'a', id: 1 }], { topN: 5 });
  for await (const { index, score } of reranker.scoreStream('q', ['a'])) console.log(index + score);
  await reranker.close();
  return results[0]!.document.id;
}
main().catch((error: unknown) => { if (error instanceof RerankerError) console.log(error.code); });
`;
