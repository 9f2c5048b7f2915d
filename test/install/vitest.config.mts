import { defineConfig } from 'vitest/config';

const minutes = 60_000;

// Its own gate: it needs a registry and takes minutes. One file at a time: installs and builds are heavy.
export default defineConfig({
  test: {
    name: 'install',
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: ['./registry.ts'],
    testTimeout: 5 * minutes,
    hookTimeout: 5 * minutes,
    fileParallelism: false,
    pool: 'forks',
  },
});
