// npm run pack:platforms: builds and packs what a release consists of into build/packages, all of one version. `--only NAME`
// (main, a platform, or a model of models/packages; can be repeated) packs a part; `--folder F` says where a hub model lies.
import { mkdirSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inRoot, isMain } from '../paths.mjs';
import { fail, step } from '../progress.mjs';
import { stageMain } from './main-package.mjs';
import { readModelDescription, stageModel } from './model-package.mjs';
import { buildPlatform, platforms, stagePlatform } from './platform-package.mjs';
import { packagesFolder } from './staging.mjs';
import { megabytes, packTarball } from './tarball.mjs';

export const releaseParts = ['main', ...Object.keys(platforms), 'starter'];

/** Packs the parts; resolves to npm's records of their tarballs. A whole release starts from an empty folder. */
export async function packParts(parts, { modelFolder } = {}) {
  if (parts === releaseParts) rmSync(packagesFolder, { recursive: true, force: true });
  mkdirSync(packagesFolder, { recursive: true });
  const records = [];
  for (const part of parts) {
    const addon = platforms[part] && (await buildPlatform(part));
    await step(`package ${part}`, async () => {
      const folder = await stage(part, addon, modelFolder);
      const record = await packTarball(folder);
      records.push(record);
      return `${megabytes(record.unpackedSize)} unpacked, ${megabytes(record.size)} packed`;
    });
  }
  return records;
}

function stage(part, addon, modelFolder) {
  if (part === 'main') return stageMain();
  if (addon) return stagePlatform(part, addon);
  const description = readModelDescription(part);
  const folder = modelFolder ?? (description.folder && inRoot(description.folder));
  if (folder) return stageModel(description, folder);
  throw new Error(`${part} is a hub model: give the folder that holds ${description.model} at ${description.revision}, --folder F.`);
}

async function main() {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true }, folder: { type: 'string' } } });
  await packParts(values.only ?? releaseParts, { modelFolder: values.folder });
}

if (isMain(import.meta.url)) await main().catch(fail);
