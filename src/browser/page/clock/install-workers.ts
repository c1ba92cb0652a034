import type { PageWindow } from "./page-window.ts";

/** A worker's own time is the real one: says so, once for each script. */
export function installWorkers(view: PageWindow, warn: (reason: string) => void): void {
  for (const name of ["Worker", "SharedWorker"] as const) {
    if (!view[name]) continue;
    view[name] = new Proxy(view[name], {
      construct(target, args: ConstructorParameters<typeof Worker>, newTarget) {
        warn(
          `The page started the worker ${shortened(String(args[0]))}, whose timers and dates follow real time: what it sends may differ from run to run`,
        );
        return Reflect.construct(target, args, newTarget) as object;
      },
    }) as never;
  }
}

function shortened(url: string): string {
  return url.length > 80 ? `${url.slice(0, 80)}…` : url;
}
