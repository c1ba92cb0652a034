import { measure } from "mitata";
import { pageBindings } from "../src/browser/boundary.ts";
import { CHUNK_BINDING, FRAME_BINDING, type EncoderNotice, type FrameNotice } from "../src/browser/messages.ts";
import type { PageBinding } from "../src/core/browser.ts";

/** What checking the messages of one frame costs, in milliseconds. */
export interface BoundaryRow {
  readonly message: string;
  readonly ms: number;
}

/** Of a frame's time, in percent. */
export const BOUNDARY_BUDGET_PERCENT = 1;

const notice: FrameNotice = { index: 1234, at: { slot: 2 } };
/** Of 1080p at standard quality on a page that moves. */
const chunk: EncoderNotice = { chunk: { isKey: false, data: Buffer.alloc(45_000, 7).toString("base64") } };

/** What every frame sends, and what each frame sends whose encoder runs in the page. JSON is parsed in any case, and left out. */
export async function benchBoundary(): Promise<BoundaryRow[]> {
  return [
    { message: "the notice of a frame", ms: await msToRead(pageBindings.frame(FRAME_BINDING), notice) },
    { message: "an encoded picture of 45 KB", ms: await msToRead(pageBindings.chunk(CHUNK_BINDING), chunk) },
  ];
}

async function msToRead({ read }: PageBinding<unknown>, value: unknown): Promise<number> {
  const stats = await measure(() => read(value), { min_cpu_time: 200e6, min_samples: 100 });
  return stats.avg / 1e6;
}
