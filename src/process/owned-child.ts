import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { atExit } from "./at-exit.ts";

/**
 * Starts a child process that ends when this one does, also where this one is killed with SIGKILL and can do nothing any more: a
 * shell beside it then kills the child. Without /bin/sh only the exit of this process ends it; on Windows the system ends it.
 */
export function spawnOwned(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  // First the watcher: a child that runs without one could be left behind.
  const watcher: Watcher = watch();
  const child: ChildProcess = spawn(command, args, options);
  if (child.pid === undefined) {
    watcher.release();
    return child;
  }
  watcher.tell(`+ ${child.pid}`);
  const forget: () => void = atExit(() => void child.kill("SIGKILL"));
  child.once("exit", () => {
    forget();
    watcher.tell(`- ${child.pid}`);
    watcher.release();
  });
  return child;
}

/**
 * Reads "+ ID" and "- ID", and kills what is left at the end of its input: when this process has ended, however it did. Signals
 * to the terminal's processes must not end it before.
 */
const SCRIPT = `trap '' HUP INT QUIT TERM
ids=' '
while read -r sign id; do
  case $sign in
    +) ids="$ids$id " ;;
    -) case $ids in *" $id "*) ids="\${ids%%" $id "*} \${ids#*" $id "}" ;; esac ;;
  esac
done
for id in $ids; do kill -9 "$id"; done`;

interface Watcher {
  tell(line: string): void;
  /** May be called once by each user. */
  release(): void;
}

interface SharedWatcher {
  readonly child: ChildProcess;
  /** Children that it watches. */
  users: number;
}

/** One for all children that run at the same time. */
let shared: SharedWatcher | null = null;

const noWatcher: Watcher = { tell() {}, release() {} };

function watch(): Watcher {
  if (process.platform === "win32") return noWatcher;
  shared ??= startWatcher();
  const own: SharedWatcher = shared;
  own.users++;
  return {
    tell: (line) => void own.child.stdin?.write(`${line}\n`),
    release() {
      if (--own.users > 0) return;
      own.child.stdin?.end();
      if (shared === own) shared = null;
    },
  };
}

function startWatcher(): SharedWatcher {
  // Detached: in a session of its own, no signal to this process's group reaches it.
  const child: ChildProcess = spawn("/bin/sh", ["-c", SCRIPT], { cwd: "/", detached: true, env: {}, stdio: ["pipe", "ignore", "ignore"] });
  const started: SharedWatcher = { child, users: 0 };
  const forget = (): void => {
    // The next child gets another one.
    if (shared === started) shared = null;
  };
  child.once("error", forget);
  child.once("exit", forget);
  child.stdin?.on("error", forget);
  return started;
}
