import { mediaUnreadable } from "../core/errors.ts";
import type { FfmpegBuild } from "./build.ts";
import { mediaInput } from "./media-input.ts";
import type { FfmpegEnd, FfmpegReader } from "./process.ts";
import { startFfmpegReader } from "./process.ts";
import { StreamBytes } from "./stream-bytes.ts";
import { parseDuration, parseVideoStream, type VideoStream } from "./video-stream.ts";

/** When each picture of a file is shown, by its packets. Times are microseconds of the file's own time stamps. JSON. */
export interface VideoIndex {
  readonly stream: VideoStream;
  /** Where the file begins: not every file begins at 0. */
  readonly beginningUs: number;
  /** Of the pictures in the order in which they are shown. */
  readonly timesUs: readonly number[];
  /** Of the pictures from which decoding can begin, in order; some may lie before the first that is shown. */
  readonly keysUs: readonly number[];
  /** When the last picture ends. */
  readonly endUs: number;
  /** What ffmpeg said where the file ends earlier than its header says; null for a whole one. */
  readonly cutOff: string | null;
}

/** A packet as the muxer "framecrc" writes it. Times in microseconds. */
interface Packet {
  readonly startUs: number;
  readonly endUs: number;
  readonly flags: number;
}

/** As libavcodec numbers them. */
const [KEY, CORRUPT, DISCARD] = [1, 2, 4] as const;
/** Times are rounded on their way through ffmpeg; no two pictures are as near as this. */
export const NEAR_US = 100;
/** Pictures of one file: nine hours at 60 a second. */
const MOST_PACKETS = 2_000_000;
/** Characters that are kept of what ffmpeg says: of a damaged file it complains without end. */
const SAID_LENGTH = 1_000_000;
/** The header's end and the last picture's differ by less in whole files. */
const SLACK_US = 100_000;

/**
 * Reads a whole file without decoding it.
 *
 * @param source Its name in messages
 * @throws RenderError `media-unreadable`, `aborted`
 */
export async function readVideoIndex(path: string, source: string, build: FfmpegBuild, signal: AbortSignal): Promise<VideoIndex> {
  let said = "";
  const args: readonly string[] = [
    ...["-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-copyts", ...mediaInput(path)],
    ...["-map", "0:V:0", "-c", "copy", "-f", "framecrc", "-flush_packets", "0", "pipe:1"],
  ];
  const ffmpeg: FfmpegReader = await startFfmpegReader(build.executablePath, args, (text) => {
    if (said.length < SAID_LENGTH) said += text;
  });
  const stop = (): void => void ffmpeg.kill();
  signal.addEventListener("abort", stop);
  try {
    const lines = new StreamBytes(ffmpeg.output, source);
    const parse: (line: string) => Packet | null = packetParser();
    const packets: Packet[] = [];
    for (let line = await lines.line(); line !== null; line = await lines.line()) {
      const packet: Packet | null = parse(line);
      if (packet === null || !Number.isFinite(packet.startUs)) continue;
      if (packets.length === MOST_PACKETS) throw mediaUnreadable(source, `it has more than ${MOST_PACKETS} pictures`);
      packets.push(packet);
    }
    const end: FfmpegEnd = await ffmpeg.ended;
    signal.throwIfAborted();
    // What it says first tells the streams; what it says last, why it ended.
    const all: string = said.length < SAID_LENGTH ? said : `${said}\n${end.stderrTail}`;
    const stream: VideoStream | null = parseVideoStream(said);
    if (stream === null || packets.length === 0) throw mediaUnreadable(source, faultIn(all, end));
    return videoIndex(packets, stream, all);
  } finally {
    signal.removeEventListener("abort", stop);
    await ffmpeg.kill();
  }
}

/** @param said What ffmpeg said, with the level of each line */
export function videoIndex(packets: readonly Packet[], stream: VideoStream, said: string): VideoIndex {
  // Where a file breaks off, its last packet is a piece of one.
  const whole: readonly Packet[] = packets.at(-1)!.flags & CORRUPT ? packets.slice(0, -1) : packets;
  const shown: Packet[] = whole.filter(({ flags }) => !(flags & DISCARD)).sort((a, b) => a.startUs - b.startUs);
  const keys: number[] = whole.filter(({ flags }) => flags & KEY).map(({ startUs }) => startUs);
  const { start, duration } = parseDuration(said);
  const endUs: number = shown.reduce((latest, one) => Math.max(latest, one.endUs), 0);
  const complaint: string | undefined = complaintsIn(said).at(-1);
  const isShort: boolean = duration !== null && (start + duration) * 1_000_000 - endUs > SLACK_US;
  return {
    stream,
    beginningUs: Math.max(0, Math.round(start * 1_000_000)),
    timesUs: shown.map(({ startUs }) => startUs),
    keysUs: keys.sort((a, b) => a - b),
    endUs,
    cutOff: isShort && complaint !== undefined ? complaint : null,
  };
}

/** Reads lines of "framecrc", the heading of which says how its times count: "0, dts, pts, duration, bytes, sum, F=0x0". */
export function packetParser(): (line: string) => Packet | null {
  let microseconds = 1;
  return (line) => {
    const base: RegExpExecArray | null = /^#tb 0: (\d+)\/(\d+)/.exec(line);
    if (base) microseconds = (Number(base[1]) * 1_000_000) / Number(base[2]);
    const fields: string[] = line.split(",").map((field) => field.trim());
    if (fields[0] !== "0" || fields.length < 5) return null;
    const [decoded, shown, duration] = [Number(fields[1]), Number(fields[2]), Number(fields[3])];
    // Some containers say only when a packet is decoded.
    const start: number = Number.isFinite(shown) ? shown : decoded;
    const flags: string | undefined = /F=0x([0-9A-Fa-f]+)/.exec(line)?.[1];
    return {
      startUs: Math.round(start * microseconds),
      endUs: Math.round((start + (Number.isFinite(duration) ? duration : 0)) * microseconds),
      // What it says nothing of is a key frame, and nothing else.
      flags: flags === undefined ? KEY : Number.parseInt(flags, 16),
    };
  };
}

/** What ffmpeg complained of, a line each. */
function complaintsIn(said: string): string[] {
  return said.split("\n").flatMap((line) => /^(?:\[[^\]]* @ 0x[0-9a-f]+\] )?\[(?:error|fatal)\] (.*)$/.exec(line.trim())?.[1] ?? []);
}

function faultIn(said: string, { code, signal }: FfmpegEnd): string {
  const complaints: string[] = complaintsIn(said);
  if (complaints.length > 0) return `ffmpeg says: ${complaints.slice(-3).join(" | ")}`;
  return code === 0 ? "it holds no pictures" : `ffmpeg ended with ${signal ?? `code ${code}`} and said nothing`;
}

/** The number of the picture that is shown at a time: the last that begins by then; the first before all. */
export function pictureAt({ timesUs }: Pick<VideoIndex, "timesUs">, timeUs: number): number {
  let [low, high] = [0, timesUs.length];
  while (low < high) {
    const middle: number = (low + high) >> 1;
    if (timesUs[middle]! <= timeUs) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** A time that lies between a picture and the one before, for filters that round: behind the last it is none that comes. */
export function pictureUntil({ timesUs }: Pick<VideoIndex, "timesUs">, number: number): number {
  const [before, after] = [timesUs[number - 1], timesUs[number]];
  if (before === undefined) return after! - 1_000;
  return after === undefined ? before + 3_600_000_000 : Math.floor((before + after) / 2);
}
