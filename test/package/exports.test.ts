import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const root: string = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const targets: readonly string[] = [
  ...Object.values(manifest.exports).flatMap((target) => (typeof target === "string" ? [target] : [target.types, target.default])),
  ...Object.values(manifest.bin),
];

describe("the package's exports", () => {
  test("every one has its file in the build", () => {
    expect(targets.filter((target) => !existsSync(join(root, target)))).toEqual([]);
  });

  test("every entry of the build is exported, but for the program of a render process", () => {
    // What several entries share, and what is loaded when it is needed, has a digest in its name.
    const built = readdirSync(join(root, "dist")).filter((name) => name.endsWith(".js") && !/-[A-Z0-9]{8}\.js$/.test(name));
    expect(built.filter((name) => !targets.includes(`./dist/${name}`))).toEqual(["render-process.js"]);
  });

  test("are these five", () => {
    expect(Object.keys(manifest.exports)).toEqual([".", "./node", "./page", "./testing", "./package.json"]);
  });

  test.each([
    [
      "index",
      ["compositionScript", "defaultPolicy", "htmlInCanvas", "parseJob", "renderWith", "RenderError", "screenshot", "TopPage", "webcodecs"],
    ],
    ["node", ["builtInParts", "ffmpegPipe", "launchBrowser", "render", "ringFile", "webSocket"]],
    ["testing", ["captureCases", "encoderCases", "memorySink", "patternSource"]],
  ])("%s loads and offers what its users import", async (entry, names) => {
    const module = (await import(join(root, "dist", `${entry}.js`))) as Record<string, unknown>;
    expect(names.filter((name) => module[name] === undefined)).toEqual([]);
  });

  test.each(["index", "testing"])("%s needs no runtime's own modules: it runs anywhere", async (entry) => {
    const { metafile } = await build({
      entryPoints: [join(root, "dist", `${entry}.js`)],
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      external: ["node:*"],
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    const imported = Object.entries(metafile.inputs)
      .filter(([file]) => file.includes("dist/") && !file.includes("node_modules"))
      .flatMap(([, { imports }]) => imports.map(({ path }) => path));
    expect(imported.filter((path) => path.startsWith("node:") || builtinModules.includes(path))).toEqual([]);
  });
});
