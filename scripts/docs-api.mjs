// npm run docs:api: the reference of the public API, made by TypeDoc from the comments in lib/ into build/api.
import { runQuietly } from './command.mjs';
import { inRoot, isMain, onPath } from './paths.mjs';
import { fail, step } from './progress.mjs';
import { installTools } from './install-tools.mjs';

/** Warnings are errors: a link that leads nowhere, a type that is used and not exported. */
export async function makeApiReference() {
  await installTools();
  const program = inRoot('test', 'install', 'node_modules', 'typedoc', 'bin', 'typedoc');
  await runQuietly(process.execPath, [
    program, '--entryPoints', inRoot('lib', 'index.ts'), '--tsconfig', inRoot('tsconfig.json'), '--out', inRoot('build', 'api'),
    '--name', 'mlx-rerank', '--readme', 'none', '--excludePrivate', '--disableSources', '--treatWarningsAsErrors',
    '--validation.notDocumented', 'false',
  ], { log: inRoot('build', 'typedoc.log') });
}

if (isMain(import.meta.url)) await step('API reference in build/api', makeApiReference).catch(fail);
