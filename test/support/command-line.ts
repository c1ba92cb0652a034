import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source: string = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** Inside the project, for there the packages are found that the program imports. */
const place: string = fileURLToPath(new URL("../../node_modules/.cache/tests/", import.meta.url));

/** The command line, bundled as in the package: from its source, translated at each start, it takes twice the time. */
export interface CommandLine extends AsyncDisposable {
  /** What to start before its arguments: the runtime and the program. */
  readonly command: readonly [runtime: string, program: string];
}

export async function buildCommandLine(): Promise<CommandLine> {
  await mkdir(place, { recursive: true });
  const outdir: string = await mkdtemp(join(place, "command-line-"));
  await build({
    ...{ entryPoints: [source], outdir, outExtension: { ".js": ".mjs" } },
    ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20", packages: "external" },
  });
  return {
    command: [process.execPath, join(outdir, "main.mjs")],
    [Symbol.asyncDispose]: () => rm(outdir, { recursive: true, force: true }),
  };
}
