// node scripts/pack/pin-model.mjs owner/name [revision]: fetches a model from the hub and prints its description for
// models/packages, with the commit and the SHA-256 of each file. What it prints is read, completed and committed by a person.
import path from 'node:path';
import { pull } from 'mlx-rerank';
import { fail } from '../progress.mjs';
import { sha256Of } from './model-package.mjs';

async function pin(model, revision) {
  if (!model) throw new Error('Expected the hub id of a model, owner/name.');
  const pulled = await pull(model, { revision });
  const files = pulled.files.map(({ name }) => [name, sha256Of(path.join(pulled.folder, name))]);
  const description = {
    package: `@mlx-rerank/${model.split('/')[1].toLowerCase()}`,
    license: 'see the card of the model',
    about: `${model} for mlx-rerank.`,
    model,
    revision: pulled.revision,
    files: Object.fromEntries(files),
  };
  process.stdout.write(`${JSON.stringify(description, null, 2)}\n`);
}

await pin(...process.argv.slice(2)).catch(fail);
