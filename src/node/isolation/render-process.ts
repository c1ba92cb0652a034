import { rm } from "node:fs/promises";
import { Console } from "node:console";
import { createInterface } from "node:readline";
import { aborted, isRenderError, messageOf } from "../../core/errors.ts";
import type { RenderHost } from "../../core/host.ts";
import { renderWith } from "../../core/render.ts";
import type { RenderResult } from "../../core/result.ts";
import { underEnvironment } from "../environment.ts";
import { builtInParts, nodeHost } from "../render.ts";
import { ALIVE_EVERY_MS, LONGEST_MESSAGE_BYTES, PUBLISH, type RenderFolders, type RenderMessage, type RenderTask } from "./protocol.ts";

/** The program of a render process: reads one task, writes messages, and ends. */

/** What its parent being gone leaves it to end by itself, in milliseconds. */
const ORPHAN_GRACE_MS = 10_000;

const stop = new AbortController();
let publish: () => void = () => {};
/** Resolves when the parent lets the output have its name. */
const mayPublish: Promise<void> = new Promise((resolve) => {
  publish = resolve;
});

const input = createInterface({ input: process.stdin });
const task: Promise<RenderTask> = new Promise((resolve) => {
  input.once("line", (line) => {
    input.on("line", (next) => {
      if (next === PUBLISH) publish();
    });
    resolve(JSON.parse(line) as RenderTask);
  });
});
input.once("close", () => {
  stop.abort(new Error("its caller ended it"));
  setTimeout(() => process.exit(1), ORPHAN_GRACE_MS).unref();
});
// The parent may be gone: what is written then is for nobody.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
// Standard output belongs to the messages.
globalThis.console = new Console(process.stderr);

/** Resolves when the message has been handed to the system. */
function send(message: RenderMessage): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve());
  });
}

function hostOf({ job, options, folders, memoryBytes }: RenderTask): RenderHost {
  const host: RenderHost = nodeHost({ ...options, profileParent: folders.profiles });
  return {
    ...host,
    async openSink(output, container) {
      const sink = await host.openSink(output, container);
      // Segments have sinks of their own, which are not published.
      if (output !== job.output) return sink;
      const commit = async (): Promise<void> => {
        void send({ type: "checked" });
        await permission();
        await sink.commit();
      };
      return { ...sink, commit };
    },
    async facts(output) {
      const facts = await host.facts(output);
      return { ...facts, memoryBytes: Math.min(facts.memoryBytes, memoryBytes) };
    },
  };
}

/** @throws RenderError `aborted` where the parent stops the render instead */
async function permission(): Promise<void> {
  const { signal } = stop;
  const stopped: Promise<never> = new Promise((_, reject) => {
    const onAbort = (): void => reject(aborted(signal.reason));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  stopped.catch(() => {});
  await Promise.race([mayPublish, stopped]);
}

async function answerTo(given: RenderTask): Promise<RenderMessage> {
  const { job, options, reportsEvents, reportsSpans } = given;
  try {
    const result: RenderResult = await renderWith(underEnvironment(job), builtInParts(options), hostOf(given), {
      signal: stop.signal,
      ...(reportsEvents ? { onEvent: (event) => void send({ type: "event", event }) } : {}),
      ...(reportsSpans ? { onSpan: (span) => void send({ type: "span", span }) } : {}),
    });
    return { type: "result", result };
  } catch (thrown) {
    if (!isRenderError(thrown)) return { type: "fault", message: messageOf(thrown) };
    const { code, message, details } = thrown;
    const isLong: boolean = JSON.stringify(details).length > LONGEST_MESSAGE_BYTES / 4;
    return { type: "error", code, message, details: isLong ? {} : details };
  }
}

async function removeFolders({ profiles, temporary }: RenderFolders): Promise<void> {
  for (const folder of [profiles, temporary]) await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 });
}

const given: RenderTask = await task;
setInterval(() => void send({ type: "alive" }), ALIVE_EVERY_MS).unref();
await send(await answerTo(given));
await removeFolders(given.folders).catch(() => {});
process.exit(0);
