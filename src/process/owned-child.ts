import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { atExit } from "./at-exit.ts";

/**
 * Starts a child process that ends when this one does, also where this one is killed with SIGKILL and can do nothing any more: a
 * shell beside it then kills the child. Without /bin/sh only the exit of this process ends it; on Windows the system ends it.
 */
export function spawnOwned(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  // First the watcher: a child that runs without one could be left behind.
  startWatcher();
  const child: ChildProcess = spawn(command, args, { ...options, env: { ...(options.env ?? process.env), [OWNER]: owner } });
  const id: number | undefined = child.pid;
  if (id === undefined) {
    endUnusedWatcher();
    return child;
  }
  running.add(id);
  tell(`+ ${id}`);
  const forget: () => void = atExit(() => void child.kill("SIGKILL"));
  child.once("exit", () => {
    forget();
    running.delete(id);
    tell(`- ${id}`);
    endUnusedWatcher();
  });
  return child;
}

/** In the environment of each child: one that had just started when this process was killed has not been registered. */
const OWNER = "FRAMEWRIGHT_OWNER";
const owner = `${process.pid}-${crypto.randomUUID()}`;

/**
 * Reads "+ ID" and "- ID", ends at "=", and kills what is left at the end of its input: when this process has ended, however it did. Then it looks, where
 * there is /proc, for children that were started in the last moment: twice, for a process has the environment of its
 * parent until it runs its own program. Signals to the terminal's processes must not end it before.
 */
const SCRIPT = `trap '' HUP INT QUIT TERM
ids=' '
while read -r sign id; do
  case $sign in
    =) exit ;;
    +) ids="$ids$id " ;;
    -) case $ids in *" $id "*) ids="\${ids%%" $id "*} \${ids#*" $id "}" ;; esac ;;
  esac
done
for id in $ids; do kill -9 "$id"; done
for pause in 0 0.3; do
  sleep "$pause"
  for folder in /proc/[0-9]*; do
    if grep -qsa "${OWNER}=$0" "$folder/environ"; then kill -9 "\${folder#/proc/}"; fi
  done
done`;

/** Ids of the children that run. */
const running = new Set<number>();

/** One for all children; null while none runs. */
let watcher: ChildProcess | null = null;

/** A watcher that was killed is replaced, but not without end: some systems allow none. */
let replacements = 5;

function startWatcher(): void {
  if (watcher !== null || process.platform === "win32") return;
  // Detached: in a session of its own, no signal to this process's group reaches it.
  const started: ChildProcess = spawn("/bin/sh", ["-c", SCRIPT, owner], {
    cwd: "/",
    detached: true,
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher = started;
  const onEnd = (): void => {
    if (watcher !== started) return;
    watcher = null;
    if (running.size === 0 || replacements-- <= 0) return;
    startWatcher();
    for (const id of running) tell(`+ ${id}`);
  };
  started.once("error", () => {
    if (watcher === started) watcher = null;
  });
  started.once("exit", onEnd);
  // It has ended.
  started.stdin?.on("error", () => {});
}

function tell(line: string): void {
  watcher?.stdin?.write(`${line}\n`);
}

function endUnusedWatcher(): void {
  if (running.size > 0) return;
  // Nothing is left to look for.
  tell("= 0");
  watcher?.stdin?.end();
  watcher = null;
}
