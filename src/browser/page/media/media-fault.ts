/**
 * Why a file cannot be read: `refused` to scripts, though the browser itself may play it; `missing` on its server or there cut off;
 * `broken` in itself.
 */
export type MediaFaultKind = "refused" | "missing" | "broken";

/** What `MediaReader` rejects with. Other windows tell it by its `kind`: it is an error of the window that read. */
export interface MediaFault extends Error {
  readonly kind: MediaFaultKind;
}

export function mediaFault(kind: MediaFaultKind, why: string, cause?: unknown): MediaFault {
  return Object.assign(new Error(why, { cause }), { name: "MediaFault", kind });
}

export function isMediaFault(reason: unknown): reason is MediaFault {
  return (reason as Partial<MediaFault> | null)?.name === "MediaFault";
}
