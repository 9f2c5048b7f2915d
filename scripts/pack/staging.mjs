import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { noticesOf } from './notices.mjs';

/** Where tarballs end, and under stage/ what they are packed from. */
export const packagesFolder = inRoot('build', 'packages');

export const project = () => JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));

/** An empty folder to lay a package out in. */
export function emptyStage(name) {
  const folder = path.join(packagesFolder, 'stage', name.split('/').at(-1));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function put(folder, file, content) {
  const target = path.join(folder, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
}

export function copy(from, folder, file = path.basename(from)) {
  const target = path.join(folder, file);
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(from, target);
}

/** What every package carries: its manifest, our licence, and the licences of what of others is in it. */
export function putCommon(folder, manifest) {
  put(folder, 'package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  copy(inRoot('LICENSE'), folder);
  put(folder, 'THIRD_PARTY_NOTICES', noticesOf(manifest.name));
}

/** What all manifests have in common. Provenance is refused for a package that does not name the repository it is built in. */
export function commonFields() {
  const { version, license, engines, repository = repositoryOfWorkflow() } = project();
  return { version, license, ...(repository && { repository }), engines };
}

function repositoryOfWorkflow() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  return server && name ? { type: 'git', url: `git+${server}/${name}.git` } : undefined;
}
