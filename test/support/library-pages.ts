import { cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { scratch, type Scratch } from "./render.ts";

const pages: string = fileURLToPath(new URL("../pages/adapters/", import.meta.url));
const { resolve } = createRequire(import.meta.url);

/** Libraries as pages load them: the file that a `<script>` names, or what a bundler makes of the package. */
const files: Readonly<Record<string, string>> = {
  "gsap.js": "gsap/dist/gsap.min.js",
  "anime.js": "animejs/dist/bundles/anime.umd.min.js",
  "lottie.js": "lottie-web/build/player/lottie.min.js",
  "d3.js": "d3/dist/d3.min.js",
};
const bundles: Readonly<Record<string, string>> = {
  "gsap-module.js": `export * from "gsap";`,
  "anime-module.js": `export * from "animejs";`,
  "lottie-module.js": `export { default } from "lottie-web";`,
  "three-module.js": `export * from "three";`,
  "motion-module.js": `export * from "motion";`,
};

/** A folder with the pages of the adapters' tests, and with the libraries that they load in `lib/`. */
export async function libraryPages(): Promise<Scratch> {
  const folder: Scratch = await scratch();
  await cp(pages, folder.folder, { recursive: true });
  await copyLibraries(folder);
  for (const [name, contents] of Object.entries(bundles)) {
    await build({
      stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
      ...{ bundle: true, format: "esm", platform: "browser", minify: true, outfile: folder.path(`lib/${name}`) },
      define: { "process.env.NODE_ENV": '"production"' },
    });
  }
  return folder;
}

/** Puts the libraries that are one file into `lib/`. */
export async function copyLibraries(folder: Scratch): Promise<void> {
  await mkdir(folder.path("lib"));
  for (const [name, file] of Object.entries(files)) {
    const [packageName, ...path] = file.split("/") as [string, ...string[]];
    await cp(`${packageFolder(packageName)}${path.join("/")}`, folder.path(`lib/${name}`));
  }
}

function packageFolder(name: string): string {
  const entry: string = resolve(name);
  return entry.slice(0, entry.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}/`.length);
}
