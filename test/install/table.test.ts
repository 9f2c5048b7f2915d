import { afterEach, describe, expect, it } from 'vitest';
import { type Manager, Project } from './project.js';
import { type ProgramName, programs, typescript } from './programs.js';
import { oldVersion } from './old-version.js';
import { type NodeVersion, repository, tool } from './tools.js';

const odd = 'mit Leerzeichen, ñ und 漢字';
const packages = ['mlx-rerank', '@mlx-rerank/starter'];

type Use = ProgramName | 'types, NodeNext' | 'types, bundler' | 'command line';

interface Install {
  manager: Manager;
  node: NodeVersion;
  folder?: string;
  readOnly?: boolean;
  uses: Use[];
}

// Every manager meets every Node, and every use each manager; ESM and CommonJS run in all.
const installs: Install[] = [
  { manager: 'npm', node: '20', uses: ['types, NodeNext', 'worker threads'] },
  { manager: 'npm', node: '22', folder: odd, uses: ['cluster', 'command line'] },
  { manager: 'npm', node: '24', readOnly: true, uses: ['types, bundler', 'worker threads'] },
  { manager: 'pnpm', node: '20', folder: odd, readOnly: true, uses: ['types, bundler', 'cluster'] },
  { manager: 'pnpm', node: '22', uses: ['types, NodeNext', 'worker threads'] },
  { manager: 'pnpm', node: '24', uses: ['command line', 'cluster'] },
  { manager: 'yarn-1', node: '20', uses: ['command line', 'cluster'] },
  { manager: 'yarn-1', node: '22', readOnly: true, uses: ['types, bundler', 'worker threads'] },
  { manager: 'yarn-1', node: '24', folder: odd, uses: ['types, NodeNext', 'cluster'] },
  { manager: 'yarn-4', node: '24', folder: odd, uses: ['types, NodeNext', 'worker threads'] },
];

let project: Project | undefined;
afterEach(() => {
  project?.remove();
  project = undefined;
});

describe.each(installs)('install $#', ({ manager, node, folder, readOnly, uses }) => {
  const place = `${folder ? 'odd' : 'plain'} path${readOnly ? ', read-only' : ''}`;
  it(`${manager}, Node ${node}, ${place}: ESM, CommonJS, ${uses.join(', ')}`, async () => {
    project = new Project({ node, folder });
    const typed = uses.some((use) => use.startsWith('types'));
    await project.install(manager, typed ? [...packages, '@types/node@20'] : packages);
    const chosen = uses.filter((use): use is ProgramName => use in programs);
    const runs: ProgramName[] = ['ESM', 'CommonJS', ...chosen];
    for (const use of runs) {
      for (const [file, code] of Object.entries<string>(programs[use].files)) project.write(file, code);
    }
    project.write('use.mts', typescript);
    project.write('use.cts', typescript);
    project.write('use.ts', typescript);
    if (readOnly) project.seal();
    for (const use of runs) {
      const { start, output } = programs[use];
      expect(await project.node([start]), use).toEqual({ code: 0, stdout: output, stderr: '' });
    }
    if (uses.includes('types, NodeNext')) await checkTypes(project, 'nodenext', ['use.mts', 'use.cts']);
    if (uses.includes('types, bundler')) await checkTypes(project, 'bundler', ['use.ts']);
    if (uses.includes('command line')) await useCommandLine(project);
  });
});

async function checkTypes(project: Project, resolution: string, files: string[]): Promise<void> {
  const module = resolution === 'bundler' ? 'esnext' : resolution;
  const compiler = [`${repository}/node_modules/typescript/bin/tsc`, '--noEmit', '--strict', '--skipLibCheck', 'false'];
  const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--types', 'node'];
  expect(await project.node([...compiler, ...options, ...files])).toEqual({ code: 0, stdout: '', stderr: '' });
}

async function useCommandLine(project: Project): Promise<void> {
  project.write('passages.txt', 'Bread keeps in a bag.\nBees fly by the sun.\n');
  const bin = project.path('node_modules', 'mlx-rerank', 'dist', 'cli', 'main.js');
  const args = ['rank', 'how do bees find their way?', 'passages.txt', '--model', 'starter', '--output', 'jsonl', '--top-n', '1'];
  const { code, stdout, stderr } = await project.node([bin, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ index: 1 });
}

describe('less common', () => {
  it("Yarn's Plug'n'Play, which has no node_modules", async () => {
    project = new Project({ node: '22' });
    await project.install('yarn-pnp', packages);
    for (const use of ['ESM', 'CommonJS'] as const) {
      for (const [file, code] of Object.entries<string>(programs[use].files)) project.write(file, code);
      const { start, output } = programs[use];
      expect(await project.node([tool('@yarnpkg/cli-dist/bin/yarn.js'), 'node', start]), use).toEqual({ code: 0, stdout: output, stderr: '' });
    }
  });

  it('two versions side by side, both in one process', async () => {
    project = new Project({ node: '22' });
    await project.install('npm', [...packages, `older@npm:mlx-rerank@${oldVersion}`]);
    project.write('both.mjs', `
      import * as one from 'mlx-rerank';
      import * as other from 'older';
      const documents = ['Bread keeps in a bag.', 'Bees fly by the sun.'];
      const rerankers = await Promise.all([one, other].map(({ Reranker }) => Reranker.load('starter')));
      const [a, b] = await Promise.all(rerankers.map((reranker) => reranker.rank('how do bees find their way?', documents)));
      console.log(JSON.stringify(a) === JSON.stringify(b), one.Reranker !== other.Reranker);
      console.log(rerankers[1].info().versions.package);
      await Promise.all(rerankers.map((reranker) => reranker.close()));`);
    expect(await project.node(['both.mjs'])).toEqual({ code: 0, stdout: `true true\n${oldVersion}\n`, stderr: '' });
  });
});
