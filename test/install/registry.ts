import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { oldVersionTarballs } from './old-version.js';
import { nodeBinary, repository, tool } from './tools.js';

declare module 'vitest' {
  export interface ProvidedContext {
    registry: string;
    /** Shared by all installs of one run, so that what one has fetched the next has in its cache. */
    home: string;
  }
}

const run = promisify(execFile);
const work = join(repository, 'build', 'install');
const packages = join(repository, 'build', 'packages');

/** A registry on this machine that serves our tarballs, and passes on to the usual one for what they depend on. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), 'mlx-rerank-home-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const server = await startVerdaccio(port, url);
  const stop = async () => {
    server.kill();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const tarballs = readdirSync(packages).filter((name) => name.endsWith('.tgz')).map((name) => join(packages, name));
    for (const tarball of await oldVersionTarballs(tarballs, join(work, 'old'))) await publish(tarball, port, home, 'old');
    for (const tarball of tarballs) await publish(tarball, port, home, 'latest');
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide('registry', url);
  project.provide('home', home);
  return stop;
}

/** What was fetched from the usual registry is kept between runs; our own packages are not. */
async function startVerdaccio(port: number, url: string): Promise<ChildProcess> {
  const storage = join(work, 'registry');
  for (const own of ['mlx-rerank', '@mlx-rerank']) rmSync(join(storage, own), { recursive: true, force: true });
  mkdirSync(storage, { recursive: true });
  const { stdout: usual } = await run(process.execPath, [tool('npm/bin/npm-cli.js'), 'config', 'get', 'registry']);
  const config = join(work, 'registry.yaml'); // JSON is YAML
  const ours = { access: '$all', publish: '$anonymous', unpublish: '$anonymous' };
  writeFileSync(config, JSON.stringify({
    storage,
    uplinks: { usual: { url: usual.trim(), maxage: '1d', timeout: '60s' } },
    packages: { 'mlx-rerank': ours, '@mlx-rerank/*': ours, '**': { access: '$all', proxy: 'usual' } },
    log: { type: 'file', path: join(work, 'registry.log'), level: 'warn' },
    max_body_size: '400mb',
    server: { keepAliveTimeout: 60 },
  }));
  const program = tool('verdaccio/bin/verdaccio');
  const server = spawn(nodeBinary('22'), [program, '--config', config, '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' });
  for (let tries = 0; tries < 300 && server.exitCode === null; tries++) {
    if (await fetch(`${url}-/ping`).then((response) => response.ok, () => false)) return server;
    await new Promise((done) => setTimeout(done, 100));
  }
  server.kill();
  throw new Error(`verdaccio did not come up on ${url}; see ${join(work, 'registry.log')}`);
}

/** A port that the system chose and that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function publish(tarball: string, port: number, home: string, tag: string): Promise<void> {
  const userconfig = join(home, '.npmrc');
  writeFileSync(userconfig, `//127.0.0.1:${port}/:_authToken=none\n`); // npm wants one; the registry lets anybody publish
  await run(
    process.execPath,
    [tool('npm/bin/npm-cli.js'), 'publish', tarball, '--ignore-scripts', '--access=public', `--tag=${tag}`],
    {
      cwd: home,
      maxBuffer: 1 << 26,
      env: { PATH: process.env.PATH, HOME: home, npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_userconfig: userconfig },
    },
  );
  rmSync(userconfig);
}

