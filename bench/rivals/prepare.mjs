// Everything the measurements need, made once and made again when what it is made from changes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { here, inRepository, onnx, python, starter } from './paths.mjs';

const written = inRepository('models', 'train', 'written.jsonl');
const goldens = inRepository('test', 'goldens', 'starter.json');
const weights = inRepository('models', 'starter', 'model.safetensors');

export function prepare() {
  if (!existsSync(inRepository('dist', 'index.mjs')) || !existsSync(inRepository('build', 'Release'))) {
    throw new Error('Expected a built package (dist and build/Release), found none. Run: npm run setup');
  }
  step('node-modules', [here('package-lock.json')], () => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    run(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund']); // the scripts would fetch GPU libraries
  });
  if (!process.env.RIVALS_PYTHON) {
    step('venv', [here('requirements.txt')], () => {
      rmSync(here('.venv'), { recursive: true, force: true });
      run('python3', ['-m', 'venv', here('.venv')]);
      run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', here('requirements.txt')]);
    });
  }
  step('onnx', [here('export_models.py'), here('requirements.txt'), weights], () => {
    run(python, [here('export_models.py'), starter, here('build', 'onnx')]);
    layOutForTransformersJs();
  });
  step(
    'workloads',
    [here('compose_workloads.py'), here('requirements.txt'), weights, written, goldens],
    () => {
      run(python, [here('compose_workloads.py'), starter, written, goldens, here('build', 'workloads')]);
    },
  );
}

/** The folder of a model as transformers.js expects it. */
function layOutForTransformersJs() {
  const folder = here('build', 'transformers-js');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/onnx`, { recursive: true });
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(`${starter}/${file}`, `${folder}/${file}`);
  symlinkSync(onnx('plain'), `${folder}/onnx/model.onnx`);
  symlinkSync(onnx('plain-int8-tensor'), `${folder}/onnx/model_quantized.onnx`);
}

function step(name, sources, make) {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  const digest = hash.digest('hex');
  const stamp = here('build', `${name}.sha256`);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  console.error(`preparing ${name}`);
  rmSync(stamp, { force: true });
  make();
  mkdirSync(here('build'), { recursive: true });
  writeFileSync(stamp, digest);
}

function run(command, parameters) {
  execFileSync(command, parameters, { cwd: here(), stdio: ['ignore', 2, 2] });
}
