// npm run verify:hub: fetches the models of models/known.json and compares every dtype of this machine with transformers,
// and with what is published. --model picks one, and can be repeated; --python names a Python with torch and transformers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { checkScores, pull, Reranker } from 'mlx-rerank';
import { inRoot } from './paths.mjs';
import { fail } from './progress.mjs';

/** What each dtype is held to against transformers in float32: greatest error of a logit, Kendall's tau of the order. */
const bounds = {
  float32: { maxError: 2e-4, tau: 1 },
  float16: { maxError: 0.05, tau: 0.99 },
  bfloat16: { maxError: 0.5, tau: 0.98 },
  int8: { maxError: 2, tau: 0.95 },
};
const samplePairs = 60;

async function main() {
  const { values } = parseArgs({
    options: { model: { type: 'string', multiple: true }, python: { type: 'string', default: process.env.PYTHON ?? 'python3' } },
  });
  const known = readJson(process.env.MLX_RERANK_KNOWN_MODELS ?? inRoot('models', 'known.json')).models;
  const models = values.model ?? known.map(({ id }) => id).filter((id) => id.includes('/'));
  let failures = 0;
  for (const model of models) failures += await verify(model, values.python);
  print(failures === 0 ? 'All as published.' : `${failures} comparisons failed.`);
  if (failures > 0) process.exitCode = 1;
}

async function verify(model, python) {
  const { revision, folder } = await pull(model);
  print(`${model} at ${revision}`);
  const pairs = pairsToScore();
  const reference = await referenceLogits(python, folder, pairs);
  let failures = 0;
  for (const [dtype, bound] of Object.entries(bounds)) failures += await compare(model, dtype, bound, pairs, reference);
  return failures;
}

/** 1 if the dtype is off, 0 if it is right or if this machine does not have it. */
async function compare(model, dtype, bound, pairs, reference) {
  let reranker;
  try {
    reranker = await Reranker.load(model, { dtype, localFilesOnly: true });
  } catch (error) {
    if (error.code !== 'ERR_INVALID_ARGUMENT') throw error;
    print(`  ${dtype.padEnd(9)} not on this machine's default path, skipped`);
    return 0;
  }
  const logits = await reranker.score(pairs, { activation: 'identity' });
  const published = await checkScores(reranker);
  const { sha256, path } = reranker.info();
  await reranker.close();
  const maxError = Math.max(...logits.map((logit, i) => Math.abs(logit - reference[i])));
  const tau = kendallTau(logits, reference);
  const right = maxError <= bound.maxError && tau >= bound.tau && published.status !== 'failed';
  if (dtype === 'float32') print(`  sha256    ${sha256} (published: ${published.weights})`);
  print(`  ${dtype.padEnd(9)} ${right ? 'right' : 'WRONG'}: path ${path}, max error ${maxError.toExponential(1)} (allowed ` +
    `${bound.maxError}), tau ${tau.toFixed(4)} (at least ${bound.tau}), published scores ${published.status}`);
  return right ? 0 : 1;
}

/** Texts of the goldens: short and long, plain and odd. */
function pairsToScore() {
  const { pairs } = readJson(inRoot('test', 'goldens', 'starter.json'));
  return pairs.slice(0, samplePairs).map(({ query, document }) => [query, document]);
}

async function referenceLogits(python, folder, pairs) {
  const child = spawn(python, [inRoot('scripts', 'verify_hub.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const spoken = text(child.stdout);
  child.stdin.end(JSON.stringify({ folder, pairs }));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${python} scripts/verify_hub.py ended with exit code ${code}; it needs torch and transformers.`);
  return JSON.parse(await spoken);
}

/** Share of pairs in the same order minus share in the other; differences below the float32 bound are ties. */
function kendallTau(a, b) {
  let agreement = 0;
  let count = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      if (Math.abs(b[i] - b[j]) < 2 * bounds.float32.maxError) continue;
      agreement += Math.sign(a[i] - a[j]) * Math.sign(b[i] - b[j]);
      count++;
    }
  }
  return count === 0 ? 1 : agreement / count;
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const print = (line) => process.stdout.write(`${line}\n`);

await main().catch(fail);
