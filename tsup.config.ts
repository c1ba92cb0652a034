import { defineConfig, type Options } from "tsup";

const config: Options = {
  entry: {
    index: "src/index.ts",
    node: "src/node/index.ts",
    testing: "src/testing/index.ts",
    cli: "src/cli/main.ts",
    // The program of `isolation: "process"`, found beside the module that starts it.
    "render-process": "src/node/isolation/render-process.ts",
  },
  format: "esm",
  target: "node20",
  platform: "node",
  // Deno and Workers refuse a bare "os"; tsup would strip the prefix.
  removeNodeProtocol: false,
  splitting: true,
  sourcemap: true,
  // Two builds write to one folder: the script that calls them empties it first.
  clean: false,
  // tsup sets `baseUrl`, which TypeScript 6 reports as deprecated.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
};

/** Types for pages: the only ones that know a DOM. */
const page: Options = {
  ...config,
  entry: { page: "src/browser/page/public.ts" },
  platform: "browser",
  dts: { compilerOptions: { ignoreDeprecations: "6.0", lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable"], types: [] } },
  sourcemap: false,
};

export default defineConfig([config, page]) as Options[];
