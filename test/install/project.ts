import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, inject } from 'vitest';
import { type NodeVersion, nodeBinary, tool } from './tools.js';

export type Manager = 'npm' | 'pnpm' | 'yarn-1' | 'yarn-4' | 'yarn-pnp';

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** An empty folder of somebody's, and a Node on a PATH that holds nothing else: no compiler, no git, no shell. */
export class Project {
  readonly folder: string;
  readonly #scratch = realpathSync(mkdtempSync(join(tmpdir(), 'mlx-rerank-')));
  readonly #node: NodeVersion;
  #user: { uid?: number; gid?: number } = {};

  constructor({ node = '22', folder = 'project' }: { node?: NodeVersion; folder?: string } = {}) {
    this.#node = node;
    this.folder = join(this.#scratch, folder);
    mkdirSync(join(this.#scratch, 'bin'));
    symlinkSync(nodeBinary(node), join(this.#scratch, 'bin', 'node'));
    this.write('package.json', JSON.stringify({ name: 'somebody', version: '1.0.0', private: true, license: 'MIT' }));
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  write(file: string, content: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content);
  }

  get environment(): Record<string, string> {
    const registry = inject('registry');
    return {
      PATH: join(this.#scratch, 'bin'),
      HOME: inject('home'),
      LANG: 'C.UTF-8',
      HF_HUB_OFFLINE: '1',
      npm_config_registry: registry,
      YARN_NPM_REGISTRY_SERVER: registry,
    };
  }

  /** Adds packages with scripts disabled. Neither the installer's exit code nor what npm says may be bad. */
  async install(manager: Manager, packages: string[], options: string[] = []): Promise<void> {
    const args = { 'npm': npm, 'pnpm': pnpm, 'yarn-1': yarn1, 'yarn-4': yarn4, 'yarn-pnp': yarn4 }[manager];
    if (manager === 'yarn-4') this.#configureYarn('node-modules');
    if (manager === 'yarn-pnp') this.#configureYarn('pnp');
    const { code, stdout, stderr } = await this.node([...args, ...options, ...packages]);
    expect({ code, stderr: manager === 'npm' ? stderr : '' }, stdout + stderr).toEqual({ code: 0, stderr: '' });
  }

  #configureYarn(linker: string): void {
    this.write('.yarnrc.yml', JSON.stringify({
      nodeLinker: linker, enableScripts: false, enableTelemetry: false, unsafeHttpWhitelist: ['127.0.0.1'],
      npmMinimalAgeGate: 0, // our packages are seconds old
    }));
    this.write('yarn.lock', '');
  }

  /** Runs Node in the project. */
  node(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
    return this.run(nodeBinary(this.#node), args, env);
  }

  run(program: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
    return new Promise((done) => {
      const options = { cwd: this.folder, env: { ...this.environment, ...env }, maxBuffer: 1 << 26, ...this.#user };
      execFile(program, args, options, (error, stdout, stderr) =>
        done({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr }));
    });
  }

  /** Takes the right to write from every folder of the project; root, who has it nevertheless, becomes nobody. */
  seal(): void {
    chmodSync(this.#scratch, 0o755);
    for (const folder of foldersUnder(this.folder)) chmodSync(folder, 0o555);
    if (process.getuid?.() === 0) this.#user = { uid: 65534, gid: 65534 };
  }

  remove(): void {
    for (const folder of foldersUnder(this.folder)) chmodSync(folder, 0o755);
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}

function foldersUnder(folder: string): string[] {
  const below = readdirSync(folder, { withFileTypes: true, recursive: true });
  return [folder, ...below.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))];
}

const npm = [tool('npm/bin/npm-cli.js'), 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier'];
const pnpm = [tool('pnpm/bin/pnpm.cjs'), 'add', '--ignore-scripts'];
const yarn1 = [tool('yarn/bin/yarn.js'), 'add', '--ignore-scripts', '--non-interactive'];
const yarn4 = [tool('@yarnpkg/cli-dist/bin/yarn.js'), 'add'];
