import { fromBase64 } from "../../src/core/base64.ts";
import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import { messageOf } from "../../src/core/errors.ts";
import type { InjectedVideo, InjectorSession } from "../../src/core/injector.ts";
import { readBarCode } from "./bar-code.ts";
import { unchecked } from "./unchecked.ts";

/** What a feed in the page did with frames and memory. */
export interface FeedAccount {
  /** Frames that are open, and how often one was closed that was not. */
  readonly liveFrames: number;
  readonly closedTwice: number;
  /** Bytes of pictures that the page keeps, and the most it kept. */
  readonly bytes: number;
  readonly peakBytes: number;
  readonly hit: number;
  readonly miss: number;
  readonly rejection: number;
  /** Pictures that the page decoded. */
  readonly decoded: number;
  /** Questions to the host. */
  readonly asked: number;
}

/** A picture as a page that draws it sees it. */
export interface SeenPicture {
  readonly timestamp: number;
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly data: Uint8Array;
}

/** A page with one feed, which an injector's session answers. */
export interface FeedPage {
  readonly page: BrowserPage;
  /** The picture at a time. */
  see(seconds: number): Promise<SeenPicture>;
  /** The number that the bar codes of pictures show, asked for at the same time; null of none. */
  read(...seconds: readonly number[]): Promise<(number | null)[]>;
  ahead(seconds: readonly number[]): Promise<void>;
  /** Resolves when as many questions have been asked. */
  whenAsked(count: number): Promise<void>;
  closeFeed(): Promise<void>;
  account(): Promise<FeedAccount>;
}

/** @param memoryBytes What the page may keep */
export async function openFeedPage(
  { page, browser }: { readonly page: BrowserPage; readonly browser: Browser },
  session: InjectorSession,
  video: InjectedVideo,
  memoryBytes: number = 64 * 1024 * 1024,
): Promise<FeedPage> {
  let asked = 0;
  let onAsked: () => void = () => {};
  const binding = { name: "__ask", limitCharacters: 1e6, read: unchecked<{ id: number; question: unknown }>() };
  await page.bind(binding, ({ id, question }) => {
    asked++;
    onAsked();
    session.answer(question, video).then(
      (value) => tell(id, { value }),
      (thrown: unknown) => tell(id, { fault: messageOf(thrown) }),
    );
  });
  const tell = (id: number, answer: object): void => {
    // A page that is gone needs no answer.
    page.run(`__told(${id}, ${JSON.stringify(answer)})`).catch(() => {});
  };
  await session.prepare?.(page, browser);
  await page.run(`(${testFeed})(${memoryBytes})`);
  await page.run(
    `(async () => { window.__feed = await (${session.pageScript})(${JSON.stringify({ facts: video.facts, url: "" })}, __host); })()`,
  );
  return {
    page,
    async see(seconds) {
      const { data, ...seen } = await page.evaluate(`__see(${seconds})`, unchecked<SeenPicture & { data: string }>());
      return { ...seen, data: fromBase64(data) };
    },
    async read(...seconds) {
      const seen = await page.evaluate(`Promise.all(${JSON.stringify(seconds)}.map(__red))`, unchecked<string[]>());
      return seen.map((red) => readBarCode(fromBase64(red)));
    },
    ahead: (seconds) => page.run(`__feed.ahead(${JSON.stringify(seconds)})`),
    async whenAsked(count) {
      while (asked < count) await new Promise<void>((resolve) => (onAsked = resolve));
    },
    closeFeed: () => page.run("__feed.close()"),
    account: async () => ({ ...(await page.evaluate("__account()", unchecked<Omit<FeedAccount, "asked">>())), asked }),
  };
}

/** Runs in the page: a `FeedHost`, and a count of all frames. */
const testFeed = `(memoryBytes) => {
  const [waiting, live] = [new Map(), new Set()];
  const account = { closedTwice: 0, bytes: 0, peakBytes: 0, hit: 0, miss: 0, rejection: 0, eviction: 0, decoded: 0 };
  let count = 0;
  const { clone, close } = VideoFrame.prototype;
  const born = (frame) => (live.add(frame), frame);
  VideoFrame.prototype.clone = function () { return born(clone.call(this)); };
  VideoFrame.prototype.close = function () { if (!live.delete(this)) account.closedTwice++; close.call(this); };
  window.VideoFrame = new Proxy(VideoFrame, { construct: (target, args) => born(new target(...args)) });
  const { createImageBitmap } = window;
  window.createImageBitmap = (...args) => (account.decoded++, createImageBitmap(...args));
  window.__told = (id, { value, fault }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    fault === undefined ? resolve(value) : reject(new Error(fault));
  };
  window.__host = {
    ask: (question) => new Promise((resolve, reject) => {
      waiting.set(++count, { resolve, reject });
      __ask(JSON.stringify({ id: count, question }));
    }),
    memory: {
      take(bytes) {
        if (account.bytes + bytes > memoryBytes) return false;
        account.bytes += bytes;
        account.peakBytes = Math.max(account.peakBytes, account.bytes);
        return true;
      },
      give(bytes) { account.bytes -= bytes; },
      count(event) { account[event]++; },
    },
  };
  window.__account = () => ({ ...account, liveFrames: live.size });
  window.__red = async (seconds) => {
    const { data } = await __pixels(seconds);
    return Uint8Array.from({ length: data.length / 4 }, (_, at) => data[at * 4]).toBase64();
  };
  window.__see = async (seconds) => {
    const { data, ...seen } = await __pixels(seconds);
    return { ...seen, data: new Uint8Array(data.buffer).toBase64() };
  };
  window.__pixels = async (seconds) => {
    const frame = await __feed.picture(seconds);
    const { displayWidth: width, displayHeight: height, timestamp } = frame;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.drawImage(frame, 0, 0);
    frame.close();
    const { data } = context.getImageData(0, 0, width, height);
    return { timestamp, width, height, data };
  };
}`;
