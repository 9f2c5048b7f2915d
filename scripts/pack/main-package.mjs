import { cpSync } from 'node:fs';
import path from 'node:path';
import { runQuietly } from '../command.mjs';
import { inRoot } from '../paths.mjs';
import { platforms } from './platform-package.mjs';
import { commonFields, emptyStage, project, putCommon } from './staging.mjs';

const kept = [
  'name', 'version', 'description', 'license', 'type', 'main', 'module', 'types', 'bin', 'exports', 'sideEffects', 'files', 'engines',
  'dependencies',
];

/** Lays out mlx-rerank: compiled afresh, without the maps that would lead to sources that are not there. */
export async function stageMain() {
  const manifest = project();
  const folder = emptyStage(manifest.name);
  const compiler = [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', inRoot('tsconfig.json')];
  await runQuietly(process.execPath, [...compiler, '--outDir', path.join(folder, 'dist'), '--sourceMap', 'false'], {
    log: inRoot('build', 'pack-typescript.log'),
  });
  for (const file of ['README.md', ...manifest.files.filter((name) => name !== 'dist')]) {
    cpSync(inRoot(file), path.join(folder, file), { recursive: true });
  }
  putCommon(folder, publishedManifest(manifest));
  return folder;
}

/**
 * The repository's own manifest names no package that is not published yet, so that `npm ci` works in a clone and nobody
 * else can take the names. A model package is a peer that may be absent: pnpm and Yarn then let the main package see it.
 */
export function publishedManifest(manifest) {
  const optionalDependencies = Object.fromEntries(
    Object.keys(platforms).map((name) => [`@mlx-rerank/${name}`, manifest.version]),
  );
  return {
    ...Object.fromEntries(kept.map((key) => [key, manifest[key]])),
    ...commonFields(),
    optionalDependencies,
    peerDependencies: { '@mlx-rerank/starter': '*' },
    peerDependenciesMeta: { '@mlx-rerank/starter': { optional: true } },
  };
}
