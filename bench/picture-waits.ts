import type { FrameInjector } from "../src/core/injector.ts";
import type { PictureServer } from "../src/injectors/url.ts";

/** How long pages waited for pictures of videos from the host, in milliseconds. */
export interface PictureWaits {
  readonly pictures: number;
  /** The longest for the first pictures of a video, until its decoder has begun; null where the host was asked for none. */
  readonly firstMs: number | null;
  /** Of all others. */
  readonly medianMs: number | null;
  readonly longestMs: number | null;
}

/** An injector whose answers are timed. */
export interface TimedInjector {
  readonly injector: FrameInjector;
  waits(): PictureWaits;
}

export function timedInjector(injector: FrameInjector): TimedInjector {
  const answered = new Set<string>();
  const first: number[] = [];
  const others: number[] = [];
  return {
    injector: {
      ...injector,
      async open(context) {
        const session = await injector.open(context);
        return {
          ...session,
          async answer(question, video) {
            const { source } = video.facts;
            const waits: number[] = answered.has(source) ? others : first;
            const startMs: number = performance.now();
            const answer: unknown = await session.answer(question, video);
            waits.push(performance.now() - startMs);
            answered.add(source);
            return answer;
          },
        };
      },
    },
    waits() {
      const rising: readonly number[] = others.toSorted((one, other) => one - other);
      return {
        pictures: first.length + others.length,
        firstMs: first.length === 0 ? null : rounded(Math.max(...first)),
        medianMs: rounded(rising[Math.floor(rising.length / 2)]),
        longestMs: rounded(rising.at(-1)),
      };
    },
  };
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}

/** A server of pictures that is asked for one again and again: how long pictures wait there, whatever decodes them. */
export interface WatchedServer {
  openServer(): Promise<PictureServer>;
  /** Milliseconds; null where the server was not opened. */
  longestMs(): number | null;
}

const ASK_EVERY_MS = 100;

export function watchedServer(open: () => Promise<PictureServer>): WatchedServer {
  const waits: number[] = [];
  const ask = async (server: PictureServer): Promise<void> => {
    const url: string = server.offer({ type: "image/jpeg", data: new Uint8Array(50_000), start: 0, end: 1 });
    const startMs: number = performance.now();
    await (await fetch(url)).arrayBuffer();
    waits.push(performance.now() - startMs);
  };
  return {
    async openServer() {
      const server: PictureServer = await open();
      let asking: Promise<void> | null = null;
      const askAgain = (): void => {
        asking ??= ask(server).finally(() => {
          asking = null;
        });
      };
      const timer: ReturnType<typeof setInterval> = setInterval(askAgain, ASK_EVERY_MS);
      return {
        ...server,
        async close() {
          clearInterval(timer);
          await asking;
          await server.close();
        },
      };
    },
    longestMs: () => (waits.length === 0 ? null : rounded(Math.max(...waits))),
  };
}
