import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** What starts a browser runs one file after the other: two cores bear one browser. */
const withBrowser = {
  fileParallelism: false,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  globalSetup: "test/support/tools.ts",
} as const;

/** Tests that end processes, fill disks and wait for their limits, those that use the command line, and long videos. */
const slow: readonly string[] = ["test/browser/failures*.test.ts", "test/browser/{cli,doctor,rates}.test.ts"];

/** Every format, every library, every contract, one after the other. */
const broad: readonly string[] = [
  "test/browser/*-formats.test.ts",
  "test/browser/{adapters,bench,contracts,disk-encoder,hyperframes,moving-pictures,png-sequence,segments,workers}.test.ts",
  "test/browser/{fed-media,ffmpeg-mix,media-colour,media-exact,offline-mix,picture-feeds,sound-score,soundtrack,video-pictures,web-audio,webcodecs-feed}.test.ts",
];

const config: ViteUserConfig = defineConfig({
  test: {
    // What `framewright bench` measured on this machine must not decide what tests see.
    env: { XDG_CACHE_HOME: fileURLToPath(new URL("node_modules/.cache/tests", import.meta.url)) },
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { test: { ...withBrowser, name: "browser", include: ["test/browser/**/*.test.ts"], exclude: [...slow, ...broad] } },
      // Half of these only wait for ffmpeg: two cores bear two at a time.
      { test: { ...withBrowser, name: "breadth", include: [...broad], fileParallelism: true, maxWorkers: 2 } },
      { test: { ...withBrowser, name: "failures", include: [...slow] } },
      { test: { ...withBrowser, name: "package", include: ["test/package/**/*.test.ts"] } },
    ],
  },
});

export default config;
