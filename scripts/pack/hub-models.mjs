// node scripts/pack/hub-models.mjs: fetches and packs each model of models/packages that comes from a hub. For the release
// workflow, which reaches one.
import { readdirSync } from 'node:fs';
import { pull } from 'mlx-rerank';
import { inRoot } from '../paths.mjs';
import { fail } from '../progress.mjs';
import { packParts } from './main.mjs';
import { readModelDescription } from './model-package.mjs';

async function main() {
  const names = readdirSync(inRoot('models', 'packages')).map((file) => file.replace('.json', ''));
  for (const name of names.filter((name) => readModelDescription(name).model)) {
    const { model, revision } = readModelDescription(name);
    const { folder } = await pull(model, { revision });
    await packParts([name], { modelFolder: folder });
  }
}

await main().catch(fail);
