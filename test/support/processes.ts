import { readdirSync, readFileSync } from "node:fs";

/** A process as `/proc` shows it. */
export interface ProcessFacts {
  readonly id: number;
  readonly parent: number;
  /** Clock ticks after the boot: with the id it names a process for good, for ids are used again. */
  readonly startedAt: string;
  /** One letter, such as R (running), T (stopped), Z (ended, but its parent has not heard of it). */
  readonly state: string;
  readonly commandLine: string;
}

export type ProcessKind = "browser" | "ffmpeg";

/** Hears of every process that this one has below it, from `watchProcesses` to `stop`. */
export interface ProcessWatch {
  /** All that were ever seen, also those that have ended since. */
  seen(): ProcessFacts[];
  look(): void;
  stop(): void;
}

const LOOK_EVERY_MS = 50;

/** Watches while a render runs: a process whose parent was killed is no descendant of ours any more, but it is remembered. */
export function watchProcesses(onSeen: (process: ProcessFacts) => void = () => {}): ProcessWatch {
  const before = new Set(descendants().map(identity));
  const seen = new Map<string, ProcessFacts>();
  const look = (): void => {
    const all: ProcessFacts[] = descendants();
    for (const one of all) {
      const key: string = identity(one);
      if (before.has(key) || isFork(one, all)) continue;
      // The command line of a killed process is empty.
      if (one.commandLine !== "" && one.commandLine !== seen.get(key)?.commandLine) {
        seen.set(key, one);
        onSeen(one);
      }
    }
  };
  const timer: ReturnType<typeof setInterval> = setInterval(look, LOOK_EVERY_MS);
  return {
    seen: () => [...seen.values()],
    look,
    stop() {
      look();
      clearInterval(timer);
    },
  };
}

/** Sends a signal, and says whether the process was still there to get it. */
export function signalProcess({ id }: ProcessFacts, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(id, signal);
  } catch {
    return false;
  }
}

/** Those of the processes that have not ended. One that ended unheard by us counts as alive. */
export function stillAlive(processes: readonly ProcessFacts[]): ProcessFacts[] {
  return processes.flatMap(({ id, startedAt }) => {
    const now: ProcessFacts | null = factsOf(id);
    if (now === null || now.startedAt !== startedAt) return [];
    return now.state === "Z" && now.parent !== process.pid ? [] : [now];
  });
}

/** All processes of this host. */
export function allProcesses(): ProcessFacts[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (factsOf(Number(name)) ?? []) : []));
}

/** All processes below this one. */
export function descendants(): ProcessFacts[] {
  const all: ProcessFacts[] = allProcesses();
  const family = new Set([process.pid]);
  // Ids are used again, so that a child may well stand before its parent in the list.
  for (let known = 0; known !== family.size;) {
    known = family.size;
    for (const { id, parent } of all) if (family.has(parent)) family.add(id);
  }
  return all.filter(({ id }) => id !== process.pid && family.has(id));
}

/** The name that every profile folder of this process begins with. */
export const profilePrefix: string = `framewright-profile-${process.pid}-`;

/** The browser's own process; distributions start it through a script, which is another. */
export function isBrowserMain({ commandLine }: ProcessFacts): boolean {
  return commandLine.includes(profilePrefix) && !commandLine.includes("--type=") && !/^\S*\/(ba|da)?sh /.test(commandLine);
}

/** The process of a render with `isolation: "process"`. */
export function isRenderProcess({ commandLine }: ProcessFacts): boolean {
  return /render-process\.(ts|js)$/.test(commandLine);
}

export function isRenderer({ commandLine }: ProcessFacts): boolean {
  return commandLine.includes("--type=renderer");
}

/** An ffmpeg that writes an output of ours, as against one that is asked for its version. */
export function isEncodingFfmpeg({ commandLine }: ProcessFacts): boolean {
  return commandLine.includes(".partial.frames/") || (commandLine.includes(".partial") && commandLine.includes("pipe:0"));
}

/**
 * A process has its parent's command line until it executes its own, so that a browser's next child looks like one more browser.
 * Chromium's own kinds stay apart: what a zygote forks may keep the zygote's command line for good.
 */
function isFork(one: ProcessFacts, all: readonly ProcessFacts[]): boolean {
  if (one.commandLine.includes("--type=")) return false;
  return all.some(({ id, commandLine }) => id === one.parent && commandLine === one.commandLine);
}

/** Which kinds of process a render started, in alphabetical order. */
export function kindsOf(processes: readonly ProcessFacts[]): ProcessKind[] {
  return [
    ...(processes.some(isBrowserMain) ? (["browser"] as const) : []),
    ...(processes.some(isEncodingFfmpeg) ? (["ffmpeg"] as const) : []),
  ];
}

function identity({ id, startedAt }: ProcessFacts): string {
  return `${id} ${startedAt}`;
}

/** Null where there is no such process any more. */
function factsOf(id: number): ProcessFacts | null {
  try {
    const stat: string = readFileSync(`/proc/${id}/stat`, "utf8");
    const commandLine: string = readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    // Behind the name, which stands in parentheses and may hold anything: see proc(5).
    const fields: string[] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { id, state: fields[0]!, parent: Number(fields[1]), startedAt: fields[19]!, commandLine };
  } catch {
    return null;
  }
}
