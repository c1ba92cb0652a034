import { isRenderError, type RenderErrorCode } from "../../src/core/errors.ts";
import { Random } from "../support/random.ts";
import type { Scenario } from "./scenario.ts";
import { Tampering } from "./tampering.ts";
import { installVirtualTimers, type VirtualTimers } from "./virtual-timers.ts";

export interface FuzzReport {
  readonly cases: number;
  /** Hostile messages that were sent. */
  readonly messages: number;
  /** Cases that succeeded all the same, and rightly. */
  readonly successes: number;
  /** Failures by their code. */
  readonly refusals: Readonly<Partial<Record<RenderErrorCode, number>>>;
  /** What must not be: each with the scenario and the seed that make it happen again. */
  readonly faults: readonly string[];
}

export interface FuzzOptions {
  readonly seed: number;
  /** So many hostile messages, at least. */
  readonly messages: number;
}

/** Turns of the event loop in which a case may do nothing before it counts as waiting for a timer. */
const QUIET_TURNS = 12;
/** How long the product may be at something else before a long timer fires, in milliseconds: loading a module of its own, say. */
const [PATIENCE_MS, FIRST_PATIENCE_MS] = [2, 5_000];
/** Timers that are due later than this are limits, in milliseconds. */
const LIMIT_MS = 5_000;
/** How long nothing may happen where no timer is left, in milliseconds: sockets and files take their time on a busy machine. */
const HANG_MS = 10_000;
/** Timers that one case may wait for. */
const MOST_TIMERS = 20_000;
const MOST_FAULTS = 20;
/** A case whose JavaScript blocks this process for so long counts as a hang, in milliseconds. */
const LONGEST_CASE_MS = 5_000;

/** Runs scenarios with hostile messages until enough were sent. Whatever escapes is a fault. */
export async function runCases(scenarios: readonly Scenario[], { seed, messages }: FuzzOptions): Promise<FuzzReport> {
  const faults: string[] = [];
  const refusals: Partial<Record<RenderErrorCode, number>> = {};
  const escaped: string[] = [];
  const onEscaped = (thrown: unknown): void => void escaped.push(describe(thrown));
  const others = { exception: process.listeners("uncaughtException"), rejection: process.listeners("unhandledRejection") };
  process.removeAllListeners("uncaughtException").removeAllListeners("unhandledRejection");
  process.on("uncaughtException", onEscaped).on("unhandledRejection", onEscaped);
  let [cases, sent, successes] = [0, 0, 0];
  try {
    using timers = installVirtualTimers();
    const lengths = new Map<Scenario, number>();
    for (const scenario of scenarios) lengths.set(scenario, await messagesOf(scenario, timers));
    for (; sent < messages && faults.length < MOST_FAULTS; cases++) {
      const caseSeed: number = (seed + cases) | 0;
      const random = new Random(caseSeed);
      const scenario: Scenario = random.pick(scenarios);
      const length: number = lengths.get(scenario)!;
      const at: number[] = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => random.whole(0, length - 1));
      const tampering = new Tampering(random, at);
      const startMs: number = performance.now();
      const end: unknown = await settled(scenario.run(tampering), timers, PATIENCE_MS);
      await turns(3);
      sent += tampering.hostile;
      const wrongs: string[] = escaped.splice(0).map((thrown) => `escaped: ${thrown}`);
      if (performance.now() - startMs > LONGEST_CASE_MS) wrongs.push(`took ${Math.round(performance.now() - startMs)} ms`);
      if (end === undefined) successes++;
      else if (isRenderError(end)) refusals[end.code] = (refusals[end.code] ?? 0) + 1;
      else wrongs.push(describe(end));
      timers.clear();
      for (const wrong of wrongs)
        faults.push(`${scenario.name}, seed ${caseSeed}: ${tampering.log.join("; ").slice(0, 1_000)}\n  ${wrong}`);
    }
  } finally {
    process.removeAllListeners("uncaughtException").removeAllListeners("unhandledRejection");
    for (const listener of others.exception) process.on("uncaughtException", listener);
    for (const listener of others.rejection) process.on("unhandledRejection", listener);
  }
  return { cases, messages: sent, successes, refusals, faults };
}

/** How many messages a scenario has where nothing is tampered with; it must succeed then. */
async function messagesOf(scenario: Scenario, timers: VirtualTimers): Promise<number> {
  const tampering = new Tampering(new Random(0), []);
  const end: unknown = await settled(scenario.run(tampering), timers, FIRST_PATIENCE_MS);
  if (end !== undefined) throw new Error(`The scenario "${scenario.name}" fails without any tampering: ${describe(end)}`);
  return tampering.messages;
}

/** What the work threw; undefined where it succeeded; an error where it never ends. */
async function settled(work: Promise<void>, timers: VirtualTimers, patienceMs: number): Promise<unknown> {
  let end: { readonly thrown: unknown } | null = null;
  work.then(
    () => (end = { thrown: undefined }),
    (thrown: unknown) => (end = { thrown }),
  );
  const isOver = (): boolean => end !== null;
  for (let fired = 0; fired < MOST_TIMERS; fired++) {
    await turns(QUIET_TURNS, isOver);
    if (timers.nextInMs() >= LIMIT_MS) await quiet(patienceMs, isOver);
    if (isOver()) return end!.thrown;
    if (timers.fireNext()) continue;
    await quiet(HANG_MS, isOver);
    if (!isOver()) return new Error("it never ends: no timer is left, and nothing happens");
  }
  return new Error(`it never ends: ${MOST_TIMERS} timers have fired`);
}

async function quiet(limitMs: number, isOver: () => boolean): Promise<void> {
  const startMs: number = performance.now();
  while (!isOver() && performance.now() - startMs < limitMs) await turns(10, isOver);
}

async function turns(count: number, isOver: () => boolean = () => false): Promise<void> {
  for (let turn = 0; turn < count && !isOver(); turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? String(thrown)).split("\n").slice(0, 6).join("\n  ") : String(thrown);
}
