import type { FrameInjector } from "../src/core/injector.ts";
import type { PictureServer } from "../src/injectors/url.ts";

/** How long pages waited for pictures of videos from the host, in milliseconds. */
export interface PictureWaits {
  readonly pictures: number;
  /** The longest where a page came to a place of a video, and a decoder had to begin there; null where the host was asked for none. */
  readonly soughtMs: number | null;
  /** Of all others, which follow one that the page already had. */
  readonly medianMs: number | null;
  readonly longestMs: number | null;
}

/** An injector whose answers are timed. */
export interface TimedInjector {
  readonly injector: FrameInjector;
  waits(): PictureWaits;
}

/** Whoever was given a picture that begins so many seconds before goes through the video. */
const FOLLOWS_SECONDS = 0.5;

export function timedInjector(injector: FrameInjector): TimedInjector {
  const answered = new Map<string, number[]>();
  const sought: number[] = [];
  const followed: number[] = [];
  return {
    injector: {
      ...injector,
      async open(context) {
        const session = await injector.open(context);
        return {
          ...session,
          async answer(question, video) {
            const { source } = video.facts;
            const { seconds } = question as { readonly seconds: number };
            const had: number[] = answered.get(source) ?? [];
            answered.set(source, had);
            const follows: boolean = had.some((before) => before <= seconds && before >= seconds - FOLLOWS_SECONDS);
            const startMs: number = performance.now();
            const answer: unknown = await session.answer(question, video);
            (follows ? followed : sought).push(performance.now() - startMs);
            had.push(seconds);
            return answer;
          },
        };
      },
    },
    waits() {
      const rising: readonly number[] = followed.toSorted((one, other) => one - other);
      return {
        pictures: sought.length + followed.length,
        soughtMs: sought.length === 0 ? null : rounded(Math.max(...sought)),
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
