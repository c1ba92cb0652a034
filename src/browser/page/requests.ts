import type { PageWindow } from "./clock/page-window.ts";
import { realTime } from "./clock/real-time.ts";

/** How long answers may take, in milliseconds: some are never meant to end. */
const LIMIT_MS = 5_000;

/** What scripts of the page asked servers for: time does not go on before the answers are there. */
export class Requests {
  readonly #warn: (reason: string) => void;
  readonly #pending = new Map<Promise<unknown>, string>();
  /** Addresses that took too long once: some are never meant to end. They are not waited for again. */
  readonly #slow = new Set<string>();

  constructor(warn: (reason: string) => void) {
    this.#warn = warn;
  }

  install(view: PageWindow): void {
    const { fetch } = view;
    view.fetch = (input, init) => this.#track(fetch.call(view, input, init), urlOf(input));
    const { prototype } = view.Response;
    for (const name of ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const) {
      const read = prototype[name] as (this: Response) => Promise<never>;
      const track = (response: Response, body: Promise<never>): Promise<never> => this.#track(body, response.url);
      prototype[name] = function (this: Response) {
        return track(this, read.call(this));
      } as never;
    }
    this.#trackWork(view);
    const { send, open } = view.XMLHttpRequest.prototype;
    const urls = new WeakMap<XMLHttpRequest, string>();
    view.XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, ...args: unknown[]) {
      urls.set(this, String(args[1]));
      return (open as (...given: unknown[]) => void).apply(this, args);
    } as typeof open;
    const end = (request: XMLHttpRequest): void => {
      void this.#track(new Promise((resolve) => request.addEventListener("loadend", resolve, { once: true })), urls.get(request) ?? "");
    };
    view.XMLHttpRequest.prototype.send = function (this: XMLHttpRequest, body) {
      send.call(this, body);
      end(this);
    };
  }

  /** What the browser itself takes its time for: it is there before time goes on, as the answers of servers are. */
  #trackWork(view: PageWindow): void {
    const { OffscreenCanvas, Blob, SubtleCrypto, BaseAudioContext, HTMLImageElement, Worklet } = view;
    const promised: readonly (readonly [object | undefined, readonly string[]])[] = [
      [view, ["createImageBitmap"]],
      [OffscreenCanvas?.prototype, ["convertToBlob"]],
      [Blob.prototype, ["arrayBuffer", "bytes", "text"]],
      [SubtleCrypto?.prototype, ["decrypt", "deriveBits", "digest", "encrypt", "generateKey", "importKey", "sign", "verify"]],
      [BaseAudioContext.prototype, ["decodeAudioData"]],
      [HTMLImageElement.prototype, ["decode"]],
      [Worklet?.prototype, ["addModule"]],
    ];
    const track = (work: Promise<unknown>, name: string): Promise<unknown> => this.#track(work, `${name}()`);
    for (const [holder, names] of promised) {
      for (const name of names) {
        const real = (holder as Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined> | undefined)?.[name];
        if (!real) continue;
        Object.assign(holder!, {
          [name](this: unknown, ...args: unknown[]) {
            return track(real.apply(this ?? view, args), name);
          },
        });
      }
    }
    // A picture that no tree holds is waited for as well: its handler draws it, or puts it in.
    const src: PropertyDescriptor = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src")!;
    const load = (image: HTMLImageElement, url: string): void => {
      src.set!.call(image, url);
      if (image.complete || image.loading === "lazy") return;
      const ended = (resolve: () => void): void => {
        for (const type of ["load", "error"]) image.addEventListener(type, () => resolve(), { once: true });
      };
      void this.#track(new Promise<void>(ended), image.src);
    };
    Object.defineProperty(HTMLImageElement.prototype, "src", {
      ...src,
      set(this: HTMLImageElement, url: string) {
        load(this, url);
      },
    });
    const { toBlob } = view.HTMLCanvasElement.prototype;
    view.HTMLCanvasElement.prototype.toBlob = function (callback, ...format) {
      const encode = (resolve: () => void): void => toBlob.call(this, (blob) => (resolve(), callback(blob)), ...format);
      void track(new Promise<void>(encode), "toBlob");
    };
  }

  get areUnderWay(): boolean {
    return this.#pending.size > 0;
  }

  /**
   * Waits until none is under way; those that take too long are named and left.
   *
   * @param availableMs how long there is at most
   */
  async settled(availableMs: number = Infinity): Promise<void> {
    const limitMs: number = Math.min(LIMIT_MS, availableMs);
    const deadline: number = realTime.now() + limitMs;
    while (this.#pending.size > 0) {
      const leftMs: number = deadline - realTime.now();
      if (leftMs <= 0) return this.#giveUp(limitMs);
      let timer = 0;
      await Promise.race([
        Promise.allSettled(this.#pending.keys()),
        new Promise<void>((resolve) => {
          timer = realTime.setTimeout(resolve, leftMs);
        }),
      ]);
      realTime.clearTimeout(timer);
      // What an answer's handler asks for next counts as well.
      await realTime.nextTask();
    }
  }

  #giveUp(limitMs: number): void {
    const urls = new Set(this.#pending.values());
    this.#pending.clear();
    for (const url of urls) {
      this.#slow.add(url);
      this.#warn(`The page's request of ${url} had no answer within ${Math.round(limitMs)} ms, and was not waited for any longer`);
    }
  }

  #track<Value>(request: Promise<Value>, url: string): Promise<Value> {
    if (this.#slow.has(url)) return request;
    const ended: Promise<unknown> = request.then(
      () => this.#pending.delete(ended),
      () => this.#pending.delete(ended),
    );
    this.#pending.set(ended, url);
    return request;
  }
}

function urlOf(input: RequestInfo | URL): string {
  return typeof input === "object" && "url" in input ? input.url : String(input);
}
