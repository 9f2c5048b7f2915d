import { defineConfig } from 'vitest/config';

const minutes = 60_000;

function project(name: string, testTimeout: number, options: object = {}) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout,
      hookTimeout: testTimeout,
      pool: 'forks' as const,
      globalSetup: './test/temporary-folder.ts',
      env: { HF_HUB_OFFLINE: '1' }, // no test reaches for a network; those of the hub have one of their own
      ...options,
    },
  };
}

const exposeGc = { execArgv: ['--expose-gc'] };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', 20_000),
      project('goldens', 1 * minutes),
      project('native', 2 * minutes, exposeGc),
      project('process', 2 * minutes, exposeGc),
      project('e2e', 2 * minutes),
      project('package', 2 * minutes),
      project('types', 1 * minutes, {
        typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], tsconfig: './tsconfig.check.json' },
      }),
    ],
  },
});
