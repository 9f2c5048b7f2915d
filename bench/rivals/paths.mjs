import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = (...names) => join(fileURLToPath(new URL('.', import.meta.url)), ...names);
export const inRepository = (...names) => here('..', '..', ...names);

export const starter = inRepository('models', 'starter');
export const onnx = (name) => here('build', 'onnx', `${name}.onnx`);
export const workload = (name) => here('build', 'workloads', `${name}.json`);

/** `RIVALS_PYTHON` names a Python that has requirements.txt already; without it there is a virtual environment here. */
export const python = process.env.RIVALS_PYTHON ?? here('.venv', 'bin', 'python');
