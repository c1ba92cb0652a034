// npm run example -- <name> [options of `framewright render`]: makes the media of an example, and renders it to <name>.mp4.
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { spawnSync } from "node:child_process";

const examples = new URL("../examples/", import.meta.url);
const [name, ...options] = process.argv.slice(2);
const names = readdirSync(examples);
if (name === undefined || !names.includes(name)) {
  console.error(`Name one of the examples: ${names.join(", ")}`);
  process.exit(2);
}
const maker = new URL(`${name}/make-media.mjs`, examples);
if (existsSync(maker)) await (await import(pathToFileURL(fileURLToPath(maker)).href)).makeMedia();
const command = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const page = fileURLToPath(new URL(`${name}/index.html`, examples));
const root = ["--root", fileURLToPath(examples)];
const output = options.includes("-o") || options.includes("--output") ? [] : ["-o", `${name}.mp4`];
const { status } = spawnSync(process.execPath, [command, "render", page, ...root, ...output, ...options], { stdio: "inherit" });
process.exit(status ?? 1);
