import type { RenderTimings } from "../result.ts";
import type { Timeline } from "../timeline.ts";
import type { Outcome } from "./carry-out.ts";

/** How long a render took that ends now. */
export function timingsOf(timeline: Timeline, { framesMs, finishMs }: Pick<Outcome, "framesMs" | "finishMs">): RenderTimings {
  const totalMs: number = timeline.elapsedMs();
  const total = (name: string): number => timeline.total(name);
  return {
    startMs: totalMs - framesMs - finishMs,
    framesMs,
    finishMs,
    totalMs,
    phases: {
      launchMs: total("launch"),
      openMs: total("open"),
      probeMs: total("probe"),
      soundMs: total("listen") + total("mix"),
      checkMs: total("check"),
      captureMs: total("capture"),
      windowMs: total("window"),
      writeMs: total("write"),
      finishMs: total("finish") + total("join"),
      verifyMs: total("verify"),
    },
  };
}
