// npm run test:gpu: the golden, lifetime and fault tests on whatever GPU MLX sees. Without one it says so and is done.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runHere } from './command.mjs';
import { inRoot } from './paths.mjs';
import { fail } from './progress.mjs';
import { runVitest, table, total } from './suites.mjs';

const require = createRequire(import.meta.url);

async function main() {
  const addonFile = path.join(process.env.MLX_RERANK_NATIVE ?? inRoot('build', 'Release'), 'mlx_rerank.node');
  if (!existsSync(addonFile)) throw new Error(`${addonFile} is not there. \`npm run setup\` builds it.`);
  const addon = require(addonFile);
  const gpu = await addon.gpu();
  if (gpu === null) {
    process.stdout.write(`No GPU: MLX ${addon.mlxVersion} finds none on this machine, so nothing was tested.\n`);
    return;
  }
  process.stdout.write(`GPU: ${gpu.name} (${gpu.architecture}), MLX ${addon.mlxVersion}\n`);

  const env = { RERANK_DEVICE: 'gpu' };
  const results = [
    await gate(),
    await runVitest('native', { name: 'goldens on the GPU', env }),
    await runVitest('process', { name: 'lifetimes on the GPU, faults', env }),
  ];
  process.stdout.write(`\n${table(results)}\n\n`);
  const { passed, failed } = total(results);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  if (failed) process.exitCode = 1;
}

/** The gate as a user meets it, with a cache of its own: first in a process of its own, then the kept verdict. */
async function gate() {
  const began = performance.now();
  const cache = mkdtempSync(path.join(tmpdir(), 'mlx-rerank-gate-'));
  const program = `
    const { Reranker } = require(${JSON.stringify(inRoot())});
    Reranker.load('starter', { device: 'gpu' }).then(async (reranker) => {
      console.log(reranker.info().reason);
      await reranker.close();
    });`;
  try {
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const exits = [];
    for (let i = 0; i < 2; i++) exits.push(await runHere(process.execPath, ['-e', program], { env, timeoutMs: 300_000 }));
    const failed = exits.filter((exit) => exit !== 0).length;
    return { name: 'gate', passed: exits.length - failed, failed, skipped: 0, minutes: (performance.now() - began) / 60_000 };
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

await main().catch(fail);
