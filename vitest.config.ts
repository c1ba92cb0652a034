import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Projects by what they need: nothing, a browser, or a built package. Only `unit` runs files side by side: two cores bear one browser. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          globalSetup: "test/support/tools.ts",
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          globalSetup: "test/support/tools.ts",
        },
      },
    ],
  },
});

export default config;
