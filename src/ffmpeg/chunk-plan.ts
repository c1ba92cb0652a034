import { pictureAt, type VideoIndex } from "./video-index.ts";

/**
 * How long a chunk of pictures is to be, in seconds of the file. Shorter ones are more files, and decode more twice where a page
 * jumps, from the key frame before each; of longer ones more is lost where nobody asks for the rest.
 */
export const CHUNK_SECONDS = 2;
/** What the pictures of a chunk may take, in bytes, by what they take on average: they are in memory until all of them are there. */
const CHUNK_BYTES: number = 16 << 20;
/** Bytes a pixel that pictures take: of a film as JPEG, and of one with transparency as PNG. */
const BYTES_PER_PIXEL = { "image/jpeg": 0.12, "image/png": 1 } as const;
/** A chunk that begins with a key frame costs no decoding before it: it may be so much shorter or longer for that. */
const [SHORTEST, LONGEST] = [0.5, 1.5] as const;

/** Numbers of the first pictures of the chunks in which a file is decoded. */
export function planChunks(
  { timesUs, keysUs }: Pick<VideoIndex, "timesUs" | "keysUs">,
  pixels: number,
  type: keyof typeof BYTES_PER_PIXEL,
): number[] {
  const keys: ReadonlySet<number> = new Set(keysUs);
  const most: number = Math.max(1, Math.floor(CHUNK_BYTES / (pixels * BYTES_PER_PIXEL[type])));
  const starts: number[] = [];
  for (let start = 0; start < timesUs.length;) {
    starts.push(start);
    const end: number = pictureAt({ timesUs }, timesUs[start]! + CHUNK_SECONDS * 1_000_000 - 1) + 1;
    const wanted: number = Math.min(most, end - start);
    start += nearestKey(wanted, Math.min(most, Math.ceil(wanted * LONGEST)), (offset) => keys.has(timesUs[start + offset]!));
  }
  return starts;
}

/** The length of a chunk near to the one that is wanted, so that the next one begins with a key frame; the wanted one where there is none. */
function nearestKey(wanted: number, longest: number, isKey: (offset: number) => boolean): number {
  const shortest: number = Math.max(1, Math.ceil(wanted * SHORTEST));
  for (let distance = 0; distance <= Math.max(wanted - shortest, longest - wanted); distance++) {
    if (wanted - distance >= shortest && isKey(wanted - distance)) return wanted - distance;
    if (wanted + distance <= longest && isKey(wanted + distance)) return wanted + distance;
  }
  return wanted;
}
