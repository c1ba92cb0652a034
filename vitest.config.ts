import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** A browser, or ffmpeg, waits about half of its time, and one that hangs all of it: two cores bear two files at a time. */
const twoFiles = { maxWorkers: 2 } as const;

const withBrowser = {
  ...twoFiles,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // What is waited for comes late on a busy machine.
  expect: { poll: { timeout: 10_000, interval: 20 } },
  globalSetup: "test/support/tools.ts",
} as const;

/** Tests that end processes, fill disks and wait for their limits, those that use the command line, and long videos. */
const slow: readonly string[] = ["test/browser/failures*.test.ts", "test/browser/{cli,doctor,rates}.test.ts"];

/** Every format, every library, every contract. */
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
      { test: { ...twoFiles, name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { test: { ...withBrowser, name: "browser", include: ["test/browser/**/*.test.ts"], exclude: [...slow, ...broad] } },
      { test: { ...withBrowser, name: "breadth", include: [...broad] } },
      { test: { ...withBrowser, name: "failures", include: [...slow] } },
      { test: { ...withBrowser, name: "package", include: ["test/package/**/*.test.ts"] } },
    ],
  },
});

export default config;
