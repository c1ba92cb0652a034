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
      await session.page.evaluate(tamper(fault));
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
      await session.page.evaluate("globalThis.isFaulty = true");
      yield* session.read(range, options);
    },
    sample: (index) => session.sample(index),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
