// Packs the package, installs the tarball into an empty project, and renders there under each runtime that it supports.
// Ends with "N passed, N failed".
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..", "..");
const project = join(here, "work");
const npm = (args, cwd) => execFileSync("npm", args, { cwd, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });

// Without a lock file: npm writes none for these that it accepts again, for it leaves out the other platforms. Versions are pinned.
npm(["install", "--no-package-lock", "--no-fund", "--no-audit"], here);
rmSync(project, { recursive: true, force: true });
mkdirSync(project);
npm(["pack", "--ignore-scripts", "--pack-destination", project], root);
const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"));
writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
npm(["install", "--no-fund", "--no-audit", "--omit=peer", `./${tarball}`], project);
cpSync(join(here, "render.mjs"), join(project, "render.mjs"));
cpSync(join(here, "page.html"), join(project, "page.html"));

const installed = (name) => join(here, "node_modules", ".bin", name);
const runtimes = [
  ["this Node", process.execPath, ["render.mjs"]],
  ["Node 24", installed("node"), ["render.mjs"]],
  ["Deno 2", installed("deno"), ["run", "--allow-all", "--node-modules-dir=manual", "render.mjs"]],
  ["Bun", installed("bun"), ["run", "render.mjs"]],
];

let [passed, failed] = [0, 0];
for (const [name, command, args] of runtimes) {
  const { status, stdout, stderr, signal } = spawnSync(command, args, { cwd: project, encoding: "utf8", timeout: 180_000 });
  if (status === 0) passed++;
  else failed++;
  console.log(
    `${status === 0 ? "passed" : "FAILED"}: ${name}\n${stdout}${status === 0 ? "" : `${stderr}\n(status ${status}, signal ${signal})`}`,
  );
}
rmSync(project, { recursive: true, force: true });
console.log(`runtimes: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
