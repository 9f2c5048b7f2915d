import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the tests of a project, and what they start, a temporary folder of their own, and removes it when they are done. */
export function setup(): () => void {
  const outer = process.env.TMPDIR;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mlx-rerank-tests-')));
  process.env.TMPDIR = folder;
  return () => {
    if (outer === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outer;
    rmSync(folder, { recursive: true, force: true });
  };
}
