import { getEventListeners } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect } from "vitest";
import { isRenderError, type RenderError, type RenderErrorCode } from "../../src/core/errors.ts";
import type { RenderEvent, RenderListener } from "../../src/core/events.ts";
import type { RenderJob } from "../../src/core/job.ts";
import type { RenderResult } from "../../src/core/result.ts";
import { render, type NodeRenderOptions } from "../../src/node/render.ts";
import { movingPage } from "./failing-pages.ts";
import {
  descendants,
  kindsOf,
  profilePrefix,
  signalProcess,
  stillAlive,
  watchProcesses,
  type ProcessFacts,
  type ProcessKind,
  type ProcessWatch,
} from "./processes.ts";
import { scratch } from "./render.ts";

export interface ExpectedFailure {
  /** Several where it is left to chance which of two parts hears of it first. */
  readonly code: RenderErrorCode | readonly RenderErrorCode[];
  /** What the message must contain: the value, and what to do. */
  readonly says: readonly string[];
  readonly details?: Readonly<Record<string, unknown>>;
  /** Which processes the render had started before it failed; both unless said. `any`: they may be over before they are seen. */
  readonly started?: readonly ProcessKind[] | "any";
  /** True where the browser ends by itself: Playwright hears of it beside the render, and may clear away a little later. */
  readonly settlesLater?: boolean;
}

export interface FailureOptions extends NodeRenderOptions {
  /** Called for each process that the render starts, soon after it is there. */
  readonly onProcess?: (process: ProcessFacts) => void;
}

/** How long processes and files may take to go after the render has answered, in milliseconds: on a busy machine, too. */
const GONE_WITHIN_MS = 10_000;

/**
 * Renders, and asserts all that every failure owes: the code, a message with the value and with what to do, a target and a
 * folder as they were before, no process, no temporary file and no listener left.
 */
export async function expectCleanFailure(job: RenderJob, expected: ExpectedFailure, options: FailureOptions = {}): Promise<RenderError> {
  // Always with a signal: also where nobody stops the render, it must not keep a listener.
  const { onProcess, onEvent, signal = new AbortController().signal, ...others } = options;
  const traces: Traces = await tracesOf(job.output, signal);
  const watch: ProcessWatch = watchProcesses(onProcess);
  const onWatchedEvent = (event: RenderEvent): void => {
    if (event.type !== "frame-encoded") watch.look();
    onEvent?.(event);
  };
  const thrown: unknown = await render(job, { ...others, signal, onEvent: onWatchedEvent }).then(
    ({ facts }) => `no failure, but a file of ${facts.frameCount} frames`,
    (reason: unknown) => reason,
  );
  watch.stop();
  expectError(thrown, expected);
  const { started = ["browser", "ffmpeg"] } = expected;
  if (started !== "any") expect(kindsOf(watch.seen()), "the processes that the render started").toEqual(started);
  await expectGone(watch);
  await expectTraces(job.output, signal, traces, expected.settlesLater === true ? GONE_WITHIN_MS : 0);
  return thrown as RenderError;
}

/**
 * Renders, and asserts that it leaves nothing but the file: no process, no temporary file, no listener, whatever was started
 * and given up on the way.
 */
export async function expectCleanRender(job: RenderJob, options: FailureOptions = {}): Promise<RenderResult> {
  const { onProcess, signal = new AbortController().signal, ...others } = options;
  const withoutTarget = (traces: Traces): object => ({
    ...traces,
    target: null,
    besideTarget: traces.besideTarget?.filter((name) => name !== basename(job.output)),
  });
  const before: object = withoutTarget(await tracesOf(job.output, signal));
  const watch: ProcessWatch = watchProcesses(onProcess);
  try {
    return await render(job, { ...others, signal });
  } finally {
    watch.stop();
    await expectGone(watch);
    const left = async (): Promise<object> => withoutTarget(await tracesOf(job.output, signal));
    await expect.poll(left, { timeout: GONE_WITHIN_MS, interval: 20, message: "what the render left" }).toEqual(before);
  }
}

function expectError(thrown: unknown, { code, says, details = {} }: ExpectedFailure): void {
  if (!isRenderError(thrown)) expect.fail(`a RenderError was expected, but there was: ${describe(thrown)}`);
  expect([code].flat(), describe(thrown)).toContain(thrown.code);
  for (const text of says) expect(thrown.message).toContain(text);
  expect(thrown.details).toMatchObject(details);
  // It crosses process borders as JSON: the values must survive that.
  expect(JSON.parse(JSON.stringify(thrown))).toMatchObject({ code: thrown.code, message: thrown.message });
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.stack}\ncaused by: ${String(thrown.cause)}` : String(thrown);
}

async function expectGone(watch: ProcessWatch): Promise<void> {
  const left = (): string[] => {
    watch.look();
    return stillAlive(watch.seen()).map(({ id, state, commandLine }) => `${id} ${state} ${commandLine.slice(0, 160)}`);
  };
  await expect.poll(left, { timeout: GONE_WITHIN_MS, interval: 20, message: "processes that the render left" }).toEqual([]);
}

/** Everything that a render could change and a failed one must not. */
interface Traces {
  /** Bytes and identity of the file at the target; null where there is none. */
  readonly target: { readonly bytes: string; readonly inode: number; readonly modifiedMs: number } | null;
  /** Names beside the target, hidden ones too; null where there is no such folder. */
  readonly besideTarget: readonly string[] | null;
  readonly temporary: readonly string[];
  readonly profiles: readonly string[];
  readonly exitListeners: number;
  readonly abortListeners: number;
}

async function tracesOf(output: string, signal: AbortSignal): Promise<Traces> {
  const namesIn = async (folder: string): Promise<string[] | null> =>
    readdir(folder).then(
      (names) => names.toSorted(),
      () => null,
    );
  const facts = await stat(output).catch(() => null);
  return {
    target:
      facts?.isFile() === true ? { bytes: (await readFile(output)).toString("base64"), inode: facts.ino, modifiedMs: facts.mtimeMs } : null,
    besideTarget: await namesIn(dirname(output)),
    temporary: (await namesIn(tmpdir())) ?? [],
    profiles: ((await namesIn("/dev/shm")) ?? []).filter((name) => name.startsWith(profilePrefix)),
    exitListeners: process.listenerCount("exit"),
    abortListeners: getEventListeners(signal, "abort").length,
  };
}

async function expectTraces(output: string, signal: AbortSignal, before: Traces, withinMs: number): Promise<void> {
  expect(basename(tmpdir()), "the tests need a folder of their own for temporary files: see ownTemporaryFolder").toMatch(OWN_FOLDER);
  const settings = { timeout: withinMs, interval: 20, message: "what the render left" };
  if (withinMs > 0) await expect.poll(() => tracesOf(output, signal), settings).toEqual(before);
  else expect(await tracesOf(output, signal), settings.message).toEqual(before);
}

const OWN_FOLDER = /^framewright-tests-/;

/**
 * Gives this process, and the browsers that it starts, a folder of their own for temporary files: then everything in it
 * that was not there before a render was left by that render, and by nobody else on this host.
 */
export async function ownTemporaryFolder(): Promise<AsyncDisposable> {
  const before: string | undefined = process.env["TMPDIR"];
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-tests-"));
  process.env["TMPDIR"] = folder;
  // Browsers make caches at their first start: only afterwards is what appears in the folder left by a render.
  await using place = await scratch();
  await render({ page: await place.page(movingPage()), output: place.path("first.mp4"), width: 320, height: 180, duration: 0.1 });
  return {
    async [Symbol.asyncDispose]() {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sends a signal to processes of a render at one event of it. */
export interface Strike {
  readonly onEvent: RenderListener;
  /** The processes that it hit: a test that hit nothing proves nothing. */
  readonly struck: number[];
}

export function strike(
  isTime: (event: RenderEvent) => boolean,
  isTarget: (process: ProcessFacts) => boolean,
  signal: NodeJS.Signals,
): Strike {
  const struck: number[] = [];
  return {
    struck,
    onEvent(event) {
      if (struck.length > 0 || !isTime(event)) return;
      for (const target of descendants().filter(isTarget)) if (signalProcess(target, signal)) struck.push(target.id);
    },
  };
}

/** Tells the moment at which a frame has gone into the encoder. */
export function atFrame(index: number): (event: RenderEvent) => boolean {
  return (event) => event.type === "frame-encoded" && event.index === index;
}

export function at(type: RenderEvent["type"]): (event: RenderEvent) => boolean {
  return (event) => event.type === type;
}
