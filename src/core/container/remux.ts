import { ALL_FORMATS, CustomSource, EncodedPacketSink, Input, type EncodedPacket, type InputVideoTrack } from "mediabunny";
import { toBase64 } from "../base64.ts";
import { aborted, encoderFailed, isRenderError, messageOf } from "../errors.ts";
import type { Container, VideoCodec } from "../formats.ts";
import { frameTime, type FrameRate } from "../frame-rate.ts";
import type { FileSink } from "../sink.ts";
import { SAMPLE_RATE } from "../sound.ts";
import { ContainerWriter, type TimedPacket } from "./container-writer.ts";
import { SoundCopy } from "./sound-copy.ts";

/** One finished video file, whose packets are taken over as they are. It begins with a key frame. */
export interface RemuxPart {
  readonly file: Pick<FileSink, "name" | "byteLength" | "read">;
  /** How many frames of the output it stands for. */
  readonly frameCount: number;
  /**
   * The frames, counted from the part's own beginning, at which its pictures begin, in the order of the file; for files
   * without B-frames. Where it is not given, the file's timestamps say it.
   */
  readonly starts?: readonly number[];
}

export interface RemuxOptions {
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly frameRate: FrameRate;
  /** `constant`: every frame has a packet of its own; `variable`: a packet lasts until the next one begins. */
  readonly timing: "constant" | "variable";
  readonly signal?: AbortSignal;
}

const NAME = "remux";

/** A part that is open for reading. */
interface OpenPart {
  readonly name: string;
  readonly packets: EncodedPacketSink;
  readonly first: EncodedPacket;
  readonly config: VideoDecoderConfig;
}

/**
 * Writes the packets of one or several files into one, in order, without encoding them again. Times are numbers of frames
 * through the exact rate, so nothing drifts where files meet. Packets are streamed: memory holds the index alone. The sound is
 * that of the first file, which holds it for all of them.
 *
 * @returns how many packets the output has
 * @throws RenderError `encoder-failed` where a file holds other frames than it should or does not fit the first one,
 * `disk-full`, `output-not-writable`, `aborted`
 */
export async function remux(parts: readonly RemuxPart[], output: FileSink, options: RemuxOptions): Promise<number> {
  let writer: ContainerWriter | null = null;
  let [written, offset]: [number, number] = [0, 0];
  let config: VideoDecoderConfig | null = null;
  let sound: SoundCopy | null = null;
  const frameCount: number = parts.reduce((sum, part) => sum + part.frameCount, 0);
  const sampleCount: number = Math.round(frameTime(frameCount, options.frameRate) * SAMPLE_RATE);
  try {
    for (const part of parts) {
      using open = await openPart(part);
      config ??= open.config;
      refuseOther(open, config, parts[0]!.file.name);
      if (writer === null) sound = await SoundCopy.open(await inputOf(part.file), part.file, sampleCount);
      writer ??= await ContainerWriter.open(output, {
        ...options,
        packetLimit: parts.reduce((sum, { starts, frameCount }) => sum + (starts?.length ?? frameCount), 0),
        alpha: open.first.sideData.alpha !== undefined,
        sound: sound?.track ?? null,
      });
      for await (const packet of timedPackets(open, part, options)) {
        if (options.signal?.aborted === true) throw aborted(options.signal.reason);
        const start: number = offset + packet.start;
        await writer.add({ ...packet, start }, written === 0 ? config : null);
        await sound?.copyUntil(frameTime(start + packet.frames, options.frameRate), writer, options.signal);
        written++;
      }
      offset += part.frameCount;
    }
    writer?.endPictures();
    if (writer !== null) await sound?.copyUntil(Infinity, writer, options.signal);
    await writer?.finish();
    return written;
  } catch (thrown) {
    await writer?.cancel();
    throw isRenderError(thrown) ? thrown : encoderFailed(NAME, messageOf(thrown), {}, thrown);
  } finally {
    sound?.[Symbol.dispose]();
  }
}

async function inputOf(file: RemuxPart["file"]): Promise<Input> {
  const byteLength: number = await file.byteLength();
  return new Input({
    formats: ALL_FORMATS,
    source: new CustomSource({ getSize: () => byteLength, read: (start, end) => file.read(start, end) }),
  });
}

async function openPart({ file }: RemuxPart): Promise<OpenPart & Disposable> {
  const input: Input = await inputOf(file);
  try {
    const track: InputVideoTrack | null = await input.getPrimaryVideoTrack();
    const config: VideoDecoderConfig | null | undefined = await track?.getDecoderConfig();
    if (!track || !config) throw new Error("it has no video track of a known codec");
    const packets = new EncodedPacketSink(track);
    const first: EncodedPacket | null = await packets.getFirstPacket();
    if (first?.type !== "key") throw new Error("it does not begin with a key frame");
    return { name: file.name, packets, first, config, [Symbol.dispose]: () => input.dispose() };
  } catch (thrown) {
    input.dispose();
    throw encoderFailed(NAME, `"${file.name}" cannot be taken over: ${messageOf(thrown)}`, {}, thrown);
  }
}

/** One track of a container has one configuration: files that were encoded otherwise would show garbage from their seam on. */
function refuseOther({ name, config }: OpenPart, wanted: VideoDecoderConfig, first: string): void {
  const key = ({ codec, codedWidth, codedHeight, description }: VideoDecoderConfig): string =>
    [codec, codedWidth, codedHeight, description === undefined ? "" : toBase64(bytesOf(description))].join();
  if (key(config) === key(wanted)) return;
  const said: string = `${config.codec} ${config.codedWidth}×${config.codedHeight}`;
  throw encoderFailed(NAME, `"${name}" (${said}) was encoded otherwise than "${first}", and the two cannot be joined`);
}

/** The packets of a part in the order of decoding, with the frames that they stand for. */
async function* timedPackets(open: OpenPart, part: RemuxPart, options: RemuxOptions): AsyncGenerator<TimedPacket> {
  const { frameCount, starts, file } = part;
  const startOf = (packet: EncodedPacket, at: number): number =>
    starts?.[at] ?? Math.round((packet.timestamp - open.first.timestamp) / frameTime(1, options.frameRate));
  let [count, previous]: [number, TimedPacket | null] = [0, null];
  for await (const packet of open.packets.packets()) {
    const { data, type, sideData } = packet;
    const next: TimedPacket = { data, isKey: type === "key", start: startOf(packet, count++), frames: 1, alpha: sideData.alpha };
    if (options.timing === "constant") yield next;
    else if (previous !== null) yield lasting(previous, next.start, file.name);
    previous = next;
  }
  if (previous !== null && options.timing === "variable") yield lasting(previous, frameCount, file.name);
  const expected: number | undefined = starts?.length ?? (options.timing === "constant" ? frameCount : undefined);
  if (expected !== undefined && count !== expected)
    throw encoderFailed(NAME, `"${file.name}" holds ${count} pictures instead of ${expected}`);
}

function lasting(packet: TimedPacket, until: number, name: string): TimedPacket {
  const frames: number = until - packet.start;
  if (frames <= 0) throw encoderFailed(NAME, `the picture of "${name}" at frame ${packet.start} would last ${frames} frames`);
  return { ...packet, frames };
}

function bytesOf(source: NonNullable<VideoDecoderConfig["description"]>): Uint8Array {
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
}
