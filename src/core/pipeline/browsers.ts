import type { Browser } from "../browser.ts";
import type { Capture, CaptureTraits } from "../capture.ts";

/** Flags of the browser that parts share: those that need a browser of their own would spoil it. */
function sharedFlags(captures: readonly Pick<Capture, "traits">[]): string[] {
  const shared: readonly CaptureTraits[] = captures.map(({ traits }) => traits).filter(({ browser }) => browser === "shared");
  return [...new Set(shared.flatMap(({ browserFlags }) => browserFlags))];
}

function ownKey(capture: string, worker: number): string {
  return `${capture}#${worker}`;
}

/**
 * The browsers of one render, each started when it is first asked for: one that most parts share, and one for each capture
 * that needs its own. Whoever made this ends them.
 */
export class Browsers implements AsyncDisposable {
  readonly #launch: (flags: readonly string[]) => Promise<Browser>;
  readonly #sharedFlags: readonly string[];
  /** By the name of the capture that owns it and the number of the worker; the shared one has none. */
  readonly #started = new Map<string | null, Promise<Browser>>();

  constructor(captures: readonly Capture[], launch: (flags: readonly string[]) => Promise<Browser>) {
    this.#launch = launch;
    this.#sharedFlags = sharedFlags(captures);
  }

  /** @throws what the launch throws */
  shared(): Promise<Browser> {
    return this.#start(null, this.#sharedFlags);
  }

  /**
   * The browser of a worker: the first shares one where its capture can, each of the others has one of its own.
   *
   * @throws what the launch throws
   */
  of({ name, traits }: Pick<Capture, "name" | "traits">, worker = 0): Promise<Browser> {
    if (traits.browser === "own") return this.#start(ownKey(name, worker), traits.browserFlags);
    return worker === 0 ? this.shared() : this.#start(ownKey(name, worker), this.#sharedFlags);
  }

  /** Ends the browsers that a capture has for itself. */
  async endOwn({ name }: Pick<Capture, "name">): Promise<void> {
    await this.#end([...this.#started.keys()].filter((key) => key?.startsWith(`${name}#`)));
  }

  /** Begins to end all of them: nothing waits any longer for a page that hangs. The ends are awaited later. */
  endSoon(): void {
    for (const browser of this.#started.values()) browser.then((started) => started.close()).catch(() => {});
  }

  /** Ends all of them; those that are asked for afterwards are fresh. */
  async endAll(): Promise<void> {
    await this.#end([...this.#started.keys()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.endAll();
  }

  #start(name: string | null, flags: readonly string[]): Promise<Browser> {
    const browser: Promise<Browser> = this.#started.get(name) ?? this.#launch(flags);
    this.#started.set(name, browser);
    return browser;
  }

  async #end(names: readonly (string | null)[]): Promise<void> {
    const ended: Promise<void>[] = [];
    for (const name of names) {
      const browser: Promise<Browser> | undefined = this.#started.get(name);
      this.#started.delete(name);
      // One that did not start has nothing to end.
      if (browser) ended.push(browser.then((started) => started.close()).catch(() => {}));
    }
    await Promise.all(ended);
  }
}
