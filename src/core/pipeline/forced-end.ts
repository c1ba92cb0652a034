import type { EncoderSession } from "../encoder.ts";
import type { Browsers } from "./browsers.ts";

/** How long an encoder may take to end before its browser is closed, in milliseconds. */
const ABORT_GRACE_MS = 10_000;

/** An encoder whose end does not wait forever for a page that hangs: after a while the browsers are closed, and its calls reject. */
export function withForcedEnd(session: EncoderSession, browsers: Pick<Browsers, "endSoon">): EncoderSession {
  const abort = async (reason?: unknown): Promise<void> => {
    const force = setTimeout(() => browsers.endSoon(), ABORT_GRACE_MS);
    try {
      await session.abort(reason);
    } finally {
      clearTimeout(force);
    }
  };
  return {
    write: (frame) => session.write(frame),
    finish: () => session.finish(),
    abort,
    [Symbol.asyncDispose]: () => abort(),
  };
}
