/** Runs the fuzzer of the boundary for longer than the suite does. */
import { spawnSync } from "node:child_process";

const env = { FRAMEWRIGHT_FUZZ_MESSAGES: "100000", FRAMEWRIGHT_FUZZ_PAGES: "200", ...process.env };
const runs = [
  ["unit", "test/unit/boundary-fuzz.test.ts"],
  ["failures", "test/browser/failures-lying-pages.test.ts"],
];
for (const [project, file] of runs) {
  const { status } = spawnSync("npx", ["vitest", "run", "--project", project, file], { env, stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
