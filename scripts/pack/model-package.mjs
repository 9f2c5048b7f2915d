import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { commonFields, copy, emptyStage, put, putCommon } from './staging.mjs';

/**
 * A model package by its description, models/packages/<name>.json: `package`, `license`, `about`, `files` as name to SHA-256,
 * and `folder`, or `model` and `revision` of a hub.
 */
export const readModelDescription = (name) => JSON.parse(readFileSync(inRoot('models', 'packages', `${name}.json`), 'utf8'));

/** Lays out a model package from a folder that holds exactly the files of its description. */
export function stageModel(description, from) {
  const { package: name, license, about, files, model, revision } = description;
  const folder = emptyStage(name);
  for (const [file, sha256] of Object.entries(files)) {
    verify(path.join(from, file), sha256);
    copy(path.join(from, file), folder, file);
  }
  const card = path.join(from, 'README.md');
  if (existsSync(card)) copy(card, folder);
  // Its files are found through this; it is the name of the folder and no more.
  put(folder, 'index.js', "'use strict';\nexports.folder = __dirname;\n");
  put(folder, 'index.d.ts', '/** Absolute path of the model\'s files, for `Reranker.load`. */\nexport declare const folder: string;\n');
  putCommon(folder, {
    name,
    ...commonFields(),
    description: about,
    license,
    ...(model && { model: { id: model, revision } }),
    main: 'index.js',
    types: 'index.d.ts',
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    files: ['index.js', 'index.d.ts', ...Object.keys(files), 'THIRD_PARTY_NOTICES'],
    preferUnplugged: true, // native code reads the weights, and it cannot read from the zip of Yarn's Plug'n'Play
  });
  return folder;
}

function verify(file, expected) {
  const received = sha256Of(file);
  if (received !== expected) throw new Error(`${file} is another file: expected sha256 ${expected}, received ${received}.`);
}

export const sha256Of = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
