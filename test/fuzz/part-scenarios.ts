import { PassThrough } from "node:stream";
import { WebSocket } from "ws";
import { opusEncoderScript } from "../../src/browser/generated/opus-encoder-script.ts";
import { ProtocolPipe, messageLimits, type OversizedMessage } from "../../src/browser/protocol-pipe.ts";
import { webSocket } from "../../src/browser/transport/websocket.ts";
import { offlineMix } from "../../src/audio/offline-mix.ts";
import { captureFailed } from "../../src/core/errors.ts";
import { toBase64 } from "../../src/core/base64.ts";
import type { EncoderSession, EncodeRequest } from "../../src/core/encoder.ts";
import type { FileSink } from "../../src/core/sink.ts";
import { SAMPLE_RATE, type MixedSound } from "../../src/core/sound.ts";
import { webcodecs } from "../../src/encoders/webcodecs.ts";
import { CHUNK_BINDING, type FrameToEncode, type SenderConfig } from "../../src/browser/messages.ts";
import { frameOf, requestFor } from "../support/encoding.ts";
import { heardScore, SIZE } from "./composition-model.ts";
import { fakeBrowser, type Evaluated, type FakePage } from "./fake-browser.ts";
import { mutated } from "./hostile-values.ts";
import { assertRight, type Scenario } from "./scenario.ts";
import type { Tampering } from "./tampering.ts";

const LIMIT_MS = 60_000;
const FRAMES = 4;
const signal: AbortSignal = new AbortController().signal;
const noPictures = (): string => "";

/** Parts of the host that talk with pages of ours, or with the browser itself. */
export const partScenarios: readonly Scenario[] = [
  { name: "webcodecs", run: (tampering) => encoded(tampering, requestFor({ ...shape, container: "webm", codec: "vp9" })) },
  {
    name: "webcodecs with sound",
    run: (tampering) =>
      encoded(tampering, requestFor({ ...shape, container: "webm", codec: "vp9", audio: { codec: "opus", bitrate: 96_000 } })),
  },
  { name: "webcodecs of H.264", run: (tampering) => encoded(tampering, requestFor({ ...shape, container: "mp4", codec: "h264" })) },
  { name: "offline-mix", run: mixed },
  { name: "websocket", run: carried },
  { name: "protocol", run: protocol },
];

const shape = { size: SIZE, frameCount: FRAMES, frameFormat: "RGBA", timing: "constant" } as const;

/** A VP9 key frame's header and some bytes: what is muxed is not decoded. */
const picture: string = toBase64(Uint8Array.of(0x82, 0x49, 0x83, 0x42, 0, 0, 0xf0, 0, 0xf6, 0, 1, 2, 3, 4));
/** A decoder's configuration of H.264 (avcC), as Chromium gives it. */
const avcC: string = toBase64(Uint8Array.from([1, 66, 0, 30, 255, 225, 0, 8, 103, 66, 0, 30, 171, 64, 80, 30, 1, 0, 4, 104, 206, 60, 128]));
/** Version, channels, a delay of 312 samples, and the rate (RFC 7845). */
const opusHead: string = toBase64(Uint8Array.from([...Buffer.from("OpusHead"), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]));

async function encoded(tampering: Tampering, request: EncodeRequest): Promise<void> {
  const answers = (expression: string, page: FakePage): Promise<Evaluated> => encoderPage(expression, page, tampering, request);
  await using browser = fakeBrowser({ evaluate: answers, screenshot: noPictures });
  const sink: MemorySink = memorySink();
  const session: EncoderSession = await webcodecs().open(request, {
    ...{ output: sink, signal, browser, page: null, inactivityTimeoutMs: LIMIT_MS, warn: () => {} },
    sound: request.audio && silence(),
  });
  try {
    for (let index = 0; index < FRAMES; index++)
      await session.write(frameOf(index, new Uint8Array(SIZE.width * SIZE.height * 4).fill(index), SIZE, "RGBA"));
    const { framesIn, framesOut, byteLength } = await session.finish();
    assertRight(framesIn === FRAMES && framesOut === FRAMES, `${framesIn} frames went in and ${framesOut} came out`);
    assertRight(byteLength > 0 && byteLength < 1_000_000, `a file of ${byteLength} bytes`);
  } catch (thrown) {
    await session.abort(thrown);
    throw thrown;
  }
}

/** Loaded here, before timers are virtual: the product loads it only where it is needed. */
const loaded: string = opusEncoderScript;

async function encoderPage(expression: string, page: FakePage, tampering: Tampering, { codec }: EncodeRequest): Promise<Evaluated> {
  if (expression === loaded) return { value: null };
  const [name = ""] = /^__framewright\w+\.\w+/.exec(expression) ?? [];
  const chunk = (isKey: boolean): object => ({
    isKey,
    data: picture,
    ...(isKey ? { codec: codec === "vp9" ? "vp09.00.10.08" : "avc1.42001e", ...(codec === "vp9" ? {} : { description: avcC }) } : {}),
  });
  const piece = { data: toBase64(Uint8Array.of(0xfc, 0xff, 0xfe)), samples: 960 };
  const unasked = [
    { binding: CHUNK_BINDING, value: { chunk: chunk(false) } },
    { binding: CHUNK_BINDING, value: { fault: "the encoder gave up" } },
  ];
  const said = (value: unknown): Promise<Evaluated> => tampering.answer(name, value, page, unasked);
  switch (name) {
    case "__framewrightEncoder.encode": {
      const { isKey } = JSON.parse(expression.slice(name.length + 1, -1)) as FrameToEncode;
      tampering.say(CHUNK_BINDING, { chunk: chunk(isKey) }, page);
      return said(null);
    }
    case "__framewrightSoundEncoder.encode":
      return said(Array.from({ length: 50 }, (_, at) => (at === 0 ? { ...piece, description: opusHead } : piece)));
    case "__framewrightSoundEncoder.finish":
      return said([piece]);
    default:
      return said(null);
  }
}

function silence(): MixedSound {
  const sampleCount: number = SAMPLE_RATE / 5;
  return {
    sampleCount,
    path: null,
    facts: { mixer: "none", clips: 0, recordings: 0, loudness: null, peak: 0 },
    read: async (start, end) => new Float32Array((end - start) * 2),
    async [Symbol.asyncDispose]() {},
  };
}

async function mixed(tampering: Tampering): Promise<void> {
  const answers = async (expression: string, page: FakePage): Promise<Evaluated> =>
    expression.startsWith("__framewrightMix.samples(")
      ? tampering.answer("__framewrightMix.samples", { samples: toBase64(new Uint8Array(4_800)) }, page)
      : tampering.answer("the opening of the mix", null, page);
  await using browser = fakeBrowser({ evaluate: answers, screenshot: noPictures });
  await using page = await browser.newPage(SIZE);
  const sampleCount: number = SAMPLE_RATE / 2;
  await using sound = await offlineMix().mix(
    { score: { clips: heardScore.clips, recordings: [] }, sampleCount, loudness: null },
    { path: async () => "/copies/0", facts: () => null, page, signal, inactivityTimeoutMs: LIMIT_MS, warn: () => {} },
  );
  assertRight(sound.sampleCount === sampleCount, `${sound.sampleCount} samples`);
  const samples: Float32Array = await sound.read(0, sampleCount);
  assertRight(samples.length === sampleCount * 2 && samples.every(Number.isFinite), "samples that are no numbers");
}

const SLOTS = 4;
const SLOT_BYTES = 256;

/** Pixels over a real socket on this host. */
async function carried(tampering: Tampering): Promise<void> {
  const sockets: WebSocket[] = [];
  const answers = async (expression: string): Promise<Evaluated> => {
    const [, config] = /openSender\((.*)\)$/s.exec(expression) ?? [];
    if (config !== undefined) sockets.push(await connected((JSON.parse(config) as Extract<SenderConfig, { kind: "websocket" }>).url));
    return { value: expression === "location.origin" ? "http://localhost" : null };
  };
  await using browser = fakeBrowser({ evaluate: answers, screenshot: noPictures });
  await using page = await browser.newPage(SIZE);
  await using session = await webSocket().open({ browser, page, slotBytes: SLOT_BYTES, slots: SLOTS });
  try {
    const target = new Uint8Array(SLOT_BYTES);
    for (let slot = 0; slot < SLOTS; slot++) {
      await sendSlot(sockets[0]!, slot, tampering);
      // As a capture does.
      const taking: Promise<void> = session.take(slot, target).catch((thrown: unknown) => {
        throw captureFailed("capture", slot, thrown);
      });
      await Promise.race([taking, page.lost]);
      assertRight(
        target.every((byte) => byte === slot + 1),
        `other pixels than those of slot ${slot}`,
      );
    }
  } finally {
    for (const socket of sockets) socket.terminate();
  }
}

async function connected(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("open", resolve).once("close", resolve));
  return socket;
}

async function sendSlot(socket: WebSocket, slot: number, tampering: Tampering): Promise<void> {
  const message: Buffer = Buffer.alloc(4 + SLOT_BYTES, slot + 1);
  message.writeUInt32LE(slot, 0);
  const { random } = tampering;
  if (!tampering.isTurn()) return void socket.send(message);
  const hostile: readonly (() => void)[] = [
    () => socket.send(message.subarray(0, random.whole(0, 4 + SLOT_BYTES - 1))),
    () => socket.send(Buffer.concat([message, Buffer.alloc(random.pick([1, 100_000]))])),
    () => socket.send(random.pick(["", "text", "\0", "x".repeat(70_000)])),
    () => {
      message.writeUInt32LE(random.pick([SLOTS, 2 ** 31, 2 ** 32 - 1]), 0);
      socket.send(message);
    },
    () => socket.close(random.pick([1000, 1001, 4000]), "away"),
    () => socket.terminate(),
    () => void new WebSocket(socket.url).on("error", () => {}),
    // Bytes that are no frame of the protocol.
    () => (socket as unknown as { readonly _socket: { write(bytes: Buffer): void } })._socket.write(Buffer.alloc(40, random.whole(0, 255))),
    () => socket.ping("x".repeat(125)),
  ];
  tampering.log.push(`slot ${slot} is replaced`);
  random.pick(hostile)();
  // What is ignored must not be waited for: the rest of the test goes on with the right message.
  if (socket.readyState === WebSocket.OPEN) socket.send(message);
}

/** Shared: larger than any event may be. */
const filler: Buffer = Buffer.alloc(messageLimits.event + 1_000, "x");

/** The bytes that the browser writes: calls are answered, events reach their listener. */
async function protocol(tampering: Tampering): Promise<void> {
  const { random } = tampering;
  const [input, output] = [new PassThrough(), new PassThrough()];
  output.resume();
  const [oversized, delivered]: [OversizedMessage[], { readonly id?: number; readonly method?: string }[]] = [[], []];
  let [garbled, closes]: [number, number] = [0, 0];
  const pipe = new ProtocolPipe(input, output, {
    targetCommands: [{ method: "Emulation.setLocaleOverride", params: { locale: "en-US" } }],
    onOversized: (message) => void oversized.push(message),
    onGarbled: () => void garbled++,
  });
  pipe.onmessage = (message) => void delivered.push(message);
  pipe.onclose = () => void closes++;
  const messages: readonly object[] = [
    { method: "Page.frameNavigated", params: { frame: { id: "top", url: "http://localhost/" } } },
    { method: "Target.attachedToTarget", params: { sessionId: "AB-1", targetInfo: { type: "page" } } },
    { id: 7, result: { result: { value: "a value" } }, sessionId: "AB-1" },
    { method: "Runtime.bindingCalled", params: { name: "binding", payload: "{}" }, sessionId: "AB-1" },
    { method: "Runtime.consoleAPICalled", params: { args: [] } },
    { id: 8, result: {} },
  ];
  let [isWhole, isGarbled] = [true, false];
  const bytes: Buffer[] = [];
  for (const message of messages) {
    let text: Buffer = Buffer.from(JSON.stringify(message));
    if (tampering.isTurn()) {
      const kind: number = random.whole(0, 5);
      isWhole = false;
      if (kind === 0) text = Buffer.from(JSON.stringify(mutated(message, random).value) ?? "");
      if (kind === 1) text = Buffer.from([random.whole(1, 255), ...text.subarray(random.whole(0, 30))]);
      if (kind === 2) text = Buffer.concat([text.subarray(0, text.length - 2), Buffer.from(',"more":"'), filler, Buffer.from('"}}')]);
      if (kind === 3) text = text.subarray(0, random.whole(0, text.length - 1));
      if (kind === 4)
        text = Buffer.from(random.pick(["null", "1", "[]", '"text"', "{}", '{"id":null}', '{"method":1}', "[".repeat(10_000)]));
      if (kind === 5) text = Buffer.concat([text, Buffer.from([0, 0]), text]);
      isGarbled = true;
      tampering.log.push(`a message of ${text.length} bytes: ${text.toString("latin1", 0, 100)}`);
    }
    bytes.push(text, Buffer.of(0));
  }
  writeInPieces(input, Buffer.concat(bytes), random.pick([7, 100, 65_536]));
  await turns(30);
  assertRight(garbled === 0 || isGarbled, "right messages count as garbled");
  assertRight(garbled <= 1 && closes <= 1, `it was closed ${closes} times`);
  if (isWhole) assertRight(delivered.length === 5 && oversized.length === 0, `${delivered.length} of 5 messages came`);
  for (const { limitBytes, byteLength } of oversized) assertRight(byteLength > limitBytes, "a small message counts as too large");
  input.end();
  await turns(5);
  assertRight(closes === 1, "its end was not noticed");
}

function writeInPieces(input: PassThrough, bytes: Buffer, size: number): void {
  const step: number = bytes.length > 1_000_000 ? 65_536 : size;
  for (let start = 0; start < bytes.length; start += step) input.write(bytes.subarray(start, start + step));
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

type MemorySink = FileSink;

function memorySink(): MemorySink {
  let bytes = new Uint8Array();
  return {
    kind: "file",
    name: "memory",
    temporaryPath: null,
    sidecar: { name: "sidecar", append: async () => {} },
    async write(data, position) {
      const end: number = position + data.byteLength;
      assertRight(end <= 50_000_000, `it writes up to byte ${end}`);
      if (end > bytes.length) {
        const longer = new Uint8Array(end);
        longer.set(bytes);
        bytes = longer;
      }
      bytes.set(data, position);
    },
    read: async (start, end) => bytes.slice(start, end),
    byteLength: async () => bytes.length,
    freeBytes: async () => null,
    async clear() {
      bytes = new Uint8Array();
    },
    commit: async () => {},
    discard: async () => {},
  };
}
