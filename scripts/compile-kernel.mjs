import { readFile } from "node:fs/promises";
import asc from "assemblyscript/asc";

const SOURCE = new URL("../src/browser/page/pixels/rgba-to-i420.assembly.ts", import.meta.url);

/**
 * Compiles the RGBA to I420 kernel.
 *
 * @returns {Promise<string>} the WebAssembly module in base64
 */
export async function compileKernel() {
  const name = "rgba-to-i420.assembly.ts";
  const { error, stderr, binary } = await asc.compileString(
    { [name]: await readFile(SOURCE, "utf8") },
    {
      optimizeLevel: 3,
      shrinkLevel: 0,
      noAssert: true,
      runtime: "stub",
      enable: ["simd"],
    },
  );
  if (error || !binary) {
    throw new Error(`Cannot compile ${SOURCE.pathname}: correct what the compiler names below\n${stderr.toString()}`, {
      cause: error ?? undefined,
    });
  }
  return Buffer.from(binary).toString("base64");
}
