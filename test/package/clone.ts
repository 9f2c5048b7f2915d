import { execFile } from 'node:child_process';
import {
  cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const repository = resolve(__dirname, '../..');

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A small clone with the repository's own scripts over stand-in sources that take no time to build. */
export class Clone {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'mlx-rerank-clone-')));

  constructor() {
    for (const file of ['scripts', 'package.json', 'tsconfig.json', 'vitest.config.mts', 'test/temporary-folder.ts']) {
      cpSync(join(repository, file), this.path(file), { recursive: true });
    }
    this.write('package-lock.json', JSON.stringify({ packages: { '': {} } }));
    this.write('node_modules/.package-lock.json', JSON.stringify({ packages: {} }));
    for (const entry of readdirSync(join(repository, 'node_modules')).filter((name) => !name.startsWith('.'))) {
      symlinkSync(join(repository, 'node_modules', entry), this.path('node_modules', entry));
    }
    const { cmake, ninja } = JSON.parse(readFileSync(join(repository, 'native.lock.json'), 'utf8'));
    this.write('native.lock.json', JSON.stringify({ cmake, ninja }));
    this.write('lib/index.ts', 'export const answer: number = 42;\n');
    this.write('native/addon', 'built');
    this.write('CMakeLists.txt', `
      cmake_minimum_required(VERSION 3.22)
      project(stand_in NONE)
      foreach(name mlx_rerank mlx_rerank_cpu)
        add_custom_target(\${name} ALL COMMAND \${CMAKE_COMMAND} -E copy
          \${CMAKE_SOURCE_DIR}/native/addon \${CMAKE_SOURCE_DIR}/build/Release/\${name}.node)
      endforeach()
      file(MAKE_DIRECTORY \${CMAKE_SOURCE_DIR}/build/native-tests)
    `);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  write(file: string, content: string | Buffer, mode?: number): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content, { mode });
  }

  /** Runs one of the scripts with nothing of the caller's environment but PATH. */
  run(script: string, args: string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
    return new Promise((done) => {
      execFile(process.execPath, [this.path('scripts', script), ...args], {
        cwd: this.folder,
        env: { PATH: process.env.PATH, HOME: this.folder, MLX_WHEEL_DIR: this.path('wheels'), ...env },
      }, (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, stdout, stderr }));
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
