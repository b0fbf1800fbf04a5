import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/private-state.ts'],
    // Servers are separate processes and tests wait for them: two workers leave a third of two cores idle, four tighten timeouts.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
