import type { Browser } from "../../src/core/browser.ts";
import type { Capture, CaptureSession } from "../../src/core/capture.ts";

/** When a planted fault shows, as JavaScript in the composition: `t` is the time that was asked for. */
export interface PlantedFault {
  /** Which element is lost, as a selector. */
  readonly loses: string;
  /** From this time of the page on, in seconds. */
  readonly fromSeconds: number;
  /** `always`, or only in frames that are delivered and not in those that are compared before the start. */
  readonly when: "always" | "in-read";
}

/**
 * HTML-in-canvas with a fault: it leaves an element out, as a browser might that paints wrongly. The composition in the
 * shell's frame is tampered with; the page that screenshots are taken of is another and stays whole.
 */
export function losing(capture: Capture, fault: PlantedFault): Capture {
  return {
    ...capture,
    async open(request, context) {
      const session: CaptureSession = await capture.open(request, context);
      await session.page.run(tamper(fault));
      return fault.when === "always" ? session : armedByRead(session);
    },
  };
}

function tamper({ loses, fromSeconds, when }: PlantedFault): string {
  return `(() => {
    const view = document.querySelector("iframe").contentWindow;
    const { seek, duration } = view.framewright;
    globalThis.isFaulty = ${when === "always"};
    view.framewright = { duration, seek(t) {
      view.document.querySelector(${JSON.stringify(loses)}).style.visibility = isFaulty && t >= ${fromSeconds} ? "hidden" : "";
      return seek(t);
    } };
  })()`;
}

function armedByRead(session: CaptureSession): CaptureSession {
  return {
    facts: session.facts,
    page: session.page,
    transport: session.transport,
    async *read(range, options) {
      await session.page.run("globalThis.isFaulty = true");
      yield* session.read(range, options);
    },
    sample: (index) => session.sample(index),
    listen: (frameCount, sound) => session.listen(frameCount, sound),
    unplannedSound: () => session.unplannedSound(),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

/** A fault of a capture that shows while it works, and not when it is tried. */
export type CaptureFault = (capture: Capture) => Capture;

/** Where the composition's window is, as JavaScript in the capture's page: the shell's frame, or the page itself. */
const composition = `(document.querySelector("iframe[style]")?.contentWindow ?? window)`;

/** It sees the opposite of every colour. */
export const seesNegatives: CaptureFault = (capture) =>
  tampered(
    capture,
    `(() => {
    const view = ${composition}, { seek, duration } = view.framewright, drawn = view.document.querySelector("canvas");
    if (!drawn) view.document.documentElement.style.filter = "invert(1)";
    else view.framewright = { duration, seek(t) {
      seek(t);
      const context = drawn.getContext("2d");
      context.globalCompositeOperation = "difference";
      context.fillStyle = "#fff";
      context.fillRect(0, 0, drawn.width, drawn.height);
      context.globalCompositeOperation = "source-over";
    } };
  })()`,
  );

/** In it, a seek to this time never comes back. */
export const hangsFrom =
  (seconds: number): CaptureFault =>
  (capture) =>
    tampered(
      capture,
      `(() => {
    const view = ${composition}, { seek, duration } = view.framewright;
    view.framewright = { duration, seek: (t) => t >= ${seconds} ? new Promise(() => {}) : seek(t) };
  })()`,
    );

/** Its page crashes once it has delivered this frame. */
export const crashesAfter =
  (index: number): CaptureFault =>
  (capture) =>
    inRead(capture, (session, frame) => {
      // A page that crashes answers no more.
      if (frame === index) session.page.send("Page.crash").catch(() => {});
    });

/** No call of the protocol is answered once it has delivered this frame. */
export const isDeafAfter =
  (index: number): CaptureFault =>
  (capture) =>
    inRead(capture, (session, frame) => {
      if (frame === index) Object.assign(session.page, { send: never });
    });

/** Its page never opens, when it is tried or when it works. */
export const neverOpens =
  (when: "probe" | "open"): CaptureFault =>
  (capture) => ({
    ...capture,
    probe: (context) => capture.probe(when === "probe" ? withoutPages(context) : context),
    open: (request, context) => capture.open(request, when === "open" ? withoutPages(context) : context),
  });

function withoutPages<Context extends { readonly browser: Browser }>(context: Context): Context {
  return { ...context, browser: { ...context.browser, newPage: never } };
}

const never = (): Promise<never> => new Promise(() => {});

function tampered(capture: Capture, script: string): Capture {
  return {
    ...capture,
    async open(request, context) {
      const session: CaptureSession = await capture.open(request, context);
      await session.page.run(script);
      return session;
    },
  };
}

function inRead(capture: Capture, onFrame: (session: CaptureSession, index: number) => void): Capture {
  return {
    ...capture,
    async open(request, context) {
      const session: CaptureSession = await capture.open(request, context);
      const read: CaptureSession["read"] = session.read.bind(session);
      return Object.assign(session, {
        async *read(...[range, options]: Parameters<typeof read>) {
          for await (const frame of read(range, options)) {
            onFrame(session, frame.index);
            yield frame;
          }
        },
      });
    },
  };
}
