import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './project.js';
import { tool } from './tools.js';

const load = `import { Reranker } from 'mlx-rerank';
  await Reranker.load('starter', { threads: 1 }).then(
    () => console.log('loaded'),
    ({ name, code, message }) => console.log(name + ' ' + code + '\\n' + message));`;

/** What loading says in a project, or `loaded`. */
async function said(project: Project, options: string[] = [], env: Record<string, string> = {}): Promise<string> {
  project.write('load.mjs', load);
  const { code, stdout, stderr } = await project.node([...options, 'load.mjs'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** A machine of another kind, as far as a program can tell. */
function pretend(project: Project, platform: string, arch: string, libc = ''): string[] {
  const file = `pretend-${platform}-${arch}${libc}.cjs`;
  project.write(file, `
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    Object.defineProperty(process, 'arch', { value: '${arch}' });
    ${libc === 'musl' ? `process.report.getReport = () => ({ header: {} });` : ''}`);
  return ['--require', `./${file}`];
}

describe('without the package of the platform', () => {
  let project: Project;
  beforeAll(async () => {
    project = new Project();
    await project.install('npm', ['mlx-rerank', '@mlx-rerank/starter'], ['--omit=optional']);
  });
  afterAll(() => project.remove());

  it('lists what was tried and says how to install it', async () => {
    const message = await said(project);
    expect(message).toMatch(/^RerankerError ERR_NATIVE_LOAD\n/);
    expect(message).toMatch(/1\. build\/Release and build\/Debug in .*: not there\n  2\. package @mlx-rerank\/linux-x64: not there\n/);
    expect(message).toMatch(/--omit=optional.*lockfile made on another platform.*npm install --include=optional --os=linux --cpu=x64/);
    expect(message.trimEnd()).toMatch(/To build it: npm run setup in a clone of version .*build\/Release\.$/);
  });

  it('that remedy works', async () => {
    const fixed = new Project();
    await fixed.install('npm', ['mlx-rerank', '@mlx-rerank/starter'], ['--omit=optional']);
    await fixed.install('npm', ['mlx-rerank'], ['--include=optional', '--os=linux', '--cpu=x64']);
    expect(await said(fixed)).toBe('loaded\n');
    fixed.remove();
  });

  it.each([
    ['Windows', 'win32', 'x64', '', 'Windows is not supported; under WSL 2'],
    ['an Intel Mac', 'darwin', 'x64', '', 'Intel Macs are not supported'],
    ['Alpine', 'linux', 'x64', 'musl', 'needs glibc 2.28 or newer, this is musl'],
    ['another processor', 'linux', 's390x', '', 'none exists for mlx_rerank_cpu on linux-s390x'],
    ['another system', 'freebsd', 'x64', '', 'none exists for mlx_rerank_cpu on freebsd-x64'],
  ])('on %s import works, and load says what to do', async (_, platform, arch, libc, advice) => {
    const message = await said(project, pretend(project, platform, arch, libc));
    expect(message).toMatch(/^RerankerError ERR_NATIVE_LOAD\n/);
    expect(message).toContain(advice);
  });
});

describe('with a package that does not load', () => {
  let project: Project;
  const addon = 'node_modules/@mlx-rerank/linux-x64/mlx_rerank_cpu.node';
  beforeAll(async () => {
    project = new Project();
    await project.install('npm', ['mlx-rerank', '@mlx-rerank/starter']);
    cpSync(project.path(addon), project.path('whole.node'));
  });
  afterAll(() => project.remove());

  it('says so when the file is damaged', async () => {
    writeFileSync(project.path(addon), '<html>404</html>'.repeat(100));
    const message = await said(project);
    expect(message).toMatch(/2\. package @mlx-rerank\/linux-x64: .*invalid ELF header\n/);
    expect(message).toContain('The file is damaged or was built for another machine');
    cpSync(project.path('whole.node'), project.path(addon));
    expect(await said(project)).toBe('loaded\n');
  });

  it('says so when it is of another version', async () => {
    const bytes = readFileSync(project.path('whole.node'));
    const { version } = JSON.parse(readFileSync(project.path('node_modules/mlx-rerank/package.json'), 'utf8')) as { version: string };
    bytes.write('9.9.9', bytes.indexOf(`\0${version}\0`, 0, 'latin1') + 1, 'latin1');
    mkdirSync(project.path('other'));
    writeFileSync(project.path('other/mlx_rerank_cpu.node'), bytes);
    const message = await said(project, [], { MLX_RERANK_NATIVE: project.path('other') });
    expect(message).toContain(`its version is 9.9.9, this package is ${version}`);
    expect(message).toContain('Unset MLX_RERANK_NATIVE');
  });

  it.runIf(canMount())('says so when the folder may not hold code', async () => {
    project.write('load.mjs', load);
    const package_ = 'node_modules/@mlx-rerank/linux-x64';
    const mount = `mount --bind ${package_} ${package_} && mount -o remount,bind,noexec ${package_}`;
    const { stdout } = await project.run('/usr/bin/unshare', ['--mount', '/bin/sh', '-c', `${mount} && node load.mjs`], {
      PATH: `${project.environment.PATH}:/bin:/usr/bin`,
    });
    expect(stdout).toContain('failed to map segment');
    expect(stdout).toContain('The system does not let code run from that folder (a mount with noexec, or a policy)');
  });
});

it('names the machine that node_modules was installed for', async () => {
  const project = new Project();
  await project.install('npm', ['mlx-rerank', '@mlx-rerank/starter'], ['--os=linux', '--cpu=arm64', '--libc=glibc']);
  expect(await said(project)).toContain('node_modules was installed for another machine: it holds @mlx-rerank/linux-arm64');
  project.remove();
});

it('names the package of the starter model when it is not installed', async () => {
  const project = new Project();
  await project.install('npm', ['mlx-rerank']);
  const message = await said(project);
  expect(message).toMatch(/^RerankerError ERR_MODEL_NOT_FOUND\n.*npm install @mlx-rerank\/starter/);
  project.remove();
});

describe('where it cannot work', () => {
  let project: Project;
  beforeAll(async () => {
    project = new Project();
    await project.install('npm', ['mlx-rerank']);
    project.write('page.mjs', `import { Reranker } from 'mlx-rerank';\nconsole.log(Reranker);`);
  });
  afterAll(() => project.remove());

  const esbuild = (...options: string[]) =>
    execFileSync(tool('esbuild/bin/esbuild'), ['page.mjs', '--bundle', '--log-level=error', ...options], { cwd: project.folder });

  it.each([
    ['a browser', ['--platform=browser']],
    ['the edge runtime of Next.js', ['--platform=neutral', '--conditions=edge-light']],
    ['Cloudflare Workers', ['--platform=neutral', '--conditions=workerd']],
  ])('a bundle for %s throws one clear line', async (_, options) => {
    esbuild(...options, '--outfile=page.out.js');
    const { code, stderr } = await project.node(['page.out.js']);
    expect(code).toBe(1);
    expect(stderr).toContain('Error: mlx-rerank runs in Node (20 or newer), Bun and Deno, not in a browser or an edge runtime');
  });

  it('a bundle that has taken it in says to keep it external', async () => {
    esbuild('--platform=node', '--external:@mlx-rerank/*', '--format=cjs', '--outfile=out/server/page.cjs');
    const { code, stderr } = await project.node(['out/server/page.cjs']);
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_NATIVE_LOAD');
    expect(stderr).toContain("esbuild --external:mlx-rerank");
  });
});

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
