import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";

const program: string = fileURLToPath(new URL("../support/stubborn.ts", import.meta.url));

/** Sends a signal as soon as the program listens; gives its exit code and its lines. */
async function stopped(signal: NodeJS.Signals, ...args: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on("line", (line) => {
    lines.push(line);
    if (line === "ready") child.kill(signal);
  });
  const [code] = (await once(child, "close")) as [number];
  return { code, lines };
}

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("one %s ends a process whose clean-up never ends, and exit listeners run", async (signal, code) => {
  expect(await stopped(signal)).toEqual({ code, lines: ["ready", "stopping", "deadline: aborted", "exit listeners ran"] });
});

it("one SIGINT ends a process that something still holds after the clean-up, with its own exit code", async () => {
  expect(await stopped("SIGINT", "disposed")).toEqual({ code: 7, lines: ["ready", "stopping", "exit listeners ran"] });
});
