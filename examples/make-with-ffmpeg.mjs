// Makes media files by ffmpeg's own generators, one after another; those that are there stay.
import { spawn } from "node:child_process";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFfmpeg } from "../dist/node.js";

/** @param {URL} folder @param {Record<string, readonly string[]>} files ffmpeg's arguments by the file's name */
export async function makeFiles(folder, files) {
  const { executablePath } = await findFfmpeg();
  const into = fileURLToPath(folder);
  await mkdir(into, { recursive: true });
  for (const [name, args] of Object.entries(files)) {
    const path = join(into, name);
    if (await stat(path).catch(() => null)) continue;
    console.log(`Making ${name}`);
    const partial = join(into, `partial-${name}`);
    await run(executablePath, ["-hide_banner", "-loglevel", "error", "-y", ...args, partial]).catch(async (fault) => {
      await rm(partial, { force: true });
      throw fault;
    });
    await rename(partial, path);
  }
}

function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with code ${code}`))));
  });
}
