import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Container } from "../../src/core/formats.ts";

const HOLDER: string = fileURLToPath(new URL("output-holder.ts", import.meta.url));

/** Another process that opened an output. */
export interface Holder extends AsyncDisposable {
  readonly processId: number;
  /** What it said when it had opened the output, or could not: "held", or the code of the error. */
  readonly said: string;
  /** Tells it how to go on, and waits until it has ended. */
  end(how: "exit" | "commit" | NodeJS.Signals): Promise<void>;
}

export async function holdOutput(output: string, container: Container = "mp4"): Promise<Holder> {
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", HOLDER, output, container], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended: Promise<unknown> = once(child, "close");
  const [said] = (await once(createInterface(child.stdout!), "line")) as [string];
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  return {
    processId: child.pid!,
    said,
    async end(how) {
      if (how !== "exit" && how !== "commit") return kill(how);
      child.stdin!.write(`${how}\n`);
      await ended;
    },
    [Symbol.asyncDispose]: () => kill("SIGKILL"),
  };
}
