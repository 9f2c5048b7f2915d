import { afterEach, describe, expect, it } from 'vitest';
import { programs, ranking } from './programs.js';
import { Project } from './project.js';
import { tool } from './tools.js';

const packages = ['mlx-rerank', '@mlx-rerank/starter'];
const program = programs.ESM.files['rank.mjs'];
let project: Project;
afterEach(() => project.remove());

describe('bundlers that keep the package external', () => {
  it.each([
    ['esbuild', 'esbuild/bin/esbuild', ['rank.mjs', '--bundle', '--platform=node', '--format=esm', '--external:mlx-rerank', '--outfile=out.mjs', '--log-level=warning']],
    ['Rollup', 'rollup/dist/bin/rollup', ['rank.mjs', '--external', 'mlx-rerank', '--format', 'es', '--file', 'out.mjs', '--silent']],
  ])('%s', async (name, bin, args) => {
    project = new Project();
    await project.install('npm', packages);
    project.write('rank.mjs', program);
    const built = name === 'esbuild' ? await project.run(tool(bin), args) : await project.node([tool(bin), ...args]);
    expect(built).toMatchObject({ code: 0, stderr: '' });
    expect(await project.node(['out.mjs'])).toEqual({ code: 0, stdout: ranking, stderr: '' });
  });

  it('Vite, server build', async () => {
    project = new Project();
    project.write('package.json', JSON.stringify({ name: 'somebody', private: true, type: 'module', license: 'MIT' }));
    await project.install('npm', [...packages, 'vite@8.3.8']);
    project.write('rank.mjs', program);
    const built = await project.node(['node_modules/vite/bin/vite.js', 'build', '--ssr', 'rank.mjs', '--logLevel', 'warn']);
    expect(built).toMatchObject({ code: 0, stderr: '' });
    expect(await project.node(['dist/rank.js'])).toEqual({ code: 0, stdout: ranking, stderr: '' });
  });

  it('Next.js, production build with serverExternalPackages', async () => {
    project = new Project({ node: '22' });
    await project.install('npm', [...packages, 'next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1']);
    project.write('next.config.mjs', `export default {
      serverExternalPackages: ['mlx-rerank'],
      output: 'standalone',
      outputFileTracingRoot: import.meta.dirname,
      outputFileTracingIncludes: { '/**': ['node_modules/@mlx-rerank/**'] },
    };`);
    project.write('app/layout.js', `export default ({ children }) => <html><body>{children}</body></html>;`);
    project.write('app/page.js', `export default () => <p>front page</p>;`);
    project.write('app/rank/route.js', `
      import { Reranker } from 'mlx-rerank';
      const reranker = Reranker.load('starter');
      export const dynamic = 'force-dynamic';
      export async function GET() {
        const [best] = await (await reranker).rank('how do bees find their way?', ['Bread keeps in a bag.', 'Bees fly by the sun.']);
        return Response.json(best);
      }`);
    const env = { NEXT_TELEMETRY_DISABLED: '1', CI: '1' };
    const built = await project.node(['node_modules/next/dist/bin/next', 'build'], env);
    expect(built, built.stdout + built.stderr).toMatchObject({ code: 0 });
    // The traced copy, as it goes into a container, away from the node_modules it was built from.
    project.write('ask.mjs', `
      import { cpSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      import { spawn } from 'node:child_process';
      import { mkdtempSync, rmSync } from 'node:fs';
      import { createServer } from 'node:net';
      const place = mkdtempSync(tmpdir() + '/mlx-rerank-next-');
      cpSync('.next/standalone', place, { recursive: true });
      const port = await new Promise((done) => {
        const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)); });
      });
      const server = spawn(process.execPath, ['server.js'], { cwd: place, env: { ...process.env, PORT: port, HOSTNAME: '127.0.0.1' }, stdio: ['ignore', 'ignore', 'inherit'] });
      let answer;
      for (let tries = 0; tries < 300 && !answer && server.exitCode === null; tries++) {
        answer = await fetch('http://127.0.0.1:' + port + '/rank').then((response) => response.json(), () => undefined);
        if (!answer) await new Promise((done) => setTimeout(done, 100));
      }
      console.log(answer?.index, answer?.document);
      server.kill();
      rmSync(place, { recursive: true });`);
    expect(await project.node(['ask.mjs'])).toEqual({ code: 0, stdout: '1 Bees fly by the sun.\n', stderr: '' });
  });
});
