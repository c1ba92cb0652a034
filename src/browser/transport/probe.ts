import { messageOf } from "../../core/errors.ts";
import type { Support } from "../../core/support.ts";
import { pageAnswers } from "../boundary.ts";
import type { TransportRequest, TransportSession } from "../../core/transport.ts";

const PROBE_BYTES = 64 * 1024;

/** Moves one slot of counted bytes from the page to the host and compares them. */
export async function probeTransport(
  place: Pick<TransportRequest, "browser" | "page">,
  open: (request: TransportRequest) => Promise<TransportSession>,
): Promise<Support> {
  try {
    await using session = await open({ ...place, slotBytes: PROBE_BYTES, slots: 2 });
    const slot: number = await place.page.evaluate("__framewright.probeSender()", pageAnswers.slot);
    const pixels = new Uint8Array(PROBE_BYTES);
    await session.take(slot, pixels);
    const wrongAt: number = pixels.findIndex((value, at) => value !== (at * 7) % 251);
    return wrongAt < 0 ? { ok: true } : { ok: false, reasons: [`byte ${wrongAt} of the probe arrived wrong`] };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)] };
  }
}
