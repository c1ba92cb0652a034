import type { Browser } from "../core/browser.ts";
import type { EncodeRequest, EncodeResult, Encoder, EncoderContext, EncoderSession, EncoderTraits } from "../core/encoder.ts";
import { isRenderError } from "../core/errors.ts";
import { codecs, frameFormatsFor, type Container, type VideoCodec } from "../core/formats.ts";
import { rawFrameBytes, type Frame } from "../core/frame.ts";
import { checkOutput, type OutputFacts } from "../core/pipeline/check-output.ts";
import { pump } from "../core/pipeline/pump.ts";
import type { OutputSink } from "../core/sink.ts";
import { audioBitrates, CHANNELS, SAMPLE_RATE, type AudioCodec, type MixedSound } from "../core/sound.ts";
import { assert, rejectionOf, settled, type ContractCase } from "./contract-case.ts";
import { memorySound } from "./memory-sound.ts";
import { patternSource, type PatternSource } from "./pattern-source.ts";

export interface EncoderCasesOptions {
  readonly browser: Browser;
  /** A fresh output for each case, a folder for sequences and a file for everything else; the cases discard it. */
  openSink(container: Container): Promise<OutputSink>;
  /** A raw format that the encoder accepts. */
  readonly format: "RGBA" | "I420";
  /** A mix of these samples, for the cases with sound: in memory alone unless given, while encoders that run processes need a file. */
  openSound?(samples: Float32Array): Promise<MixedSound>;
}

const SIZE = { width: 320, height: 180 } as const;
const RATE = { numerator: 30000, denominator: 1001 } as const;
const FRAMES = 24;
const REPEATS = [5, 6, 20] as const;
const SAMPLES: number = Math.round((FRAMES * RATE.denominator * SAMPLE_RATE) / RATE.numerator);

interface Bench {
  readonly source: PatternSource;
  readonly sink: OutputSink;
  readonly stop: AbortController;
  readonly request: EncodeRequest;
  open(): Promise<EncoderSession>;
}

/** What every encoder does: for the authors of encoders, and for the built-in ones. */
export function encoderCases(encoder: Encoder, options: EncoderCasesOptions): ContractCase[] {
  const { traits } = encoder;
  const { format } = options;
  const cells: readonly Cell[] = cellsOf(encoder, format);
  const testCase = (name: string, body: (bench: Bench) => Promise<void>, asked: Partial<EncodeRequest> = {}): ContractCase => ({
    name,
    async run() {
      assert(cells[0] !== undefined, `It writes nothing that frames in ${format} are good for`);
      const request: EncodeRequest = {
        size: SIZE,
        frameRate: RATE,
        frameCount: FRAMES,
        frameFormat: format,
        ...cells[0],
        alpha: false,
        quality: { level: "draft" },
        timing: "constant",
        hardware: null,
        loop: 0,
        audio: null,
        ...asked,
      };
      const sink: OutputSink = await options.openSink(request.container);
      const stop = new AbortController();
      const source: PatternSource = patternSource({
        ...{ size: SIZE, frameRate: RATE, frameCount: FRAMES, format, repeatAt: REPEATS },
        isTransparent: request.alpha,
      });
      const openSound = options.openSound ?? (async (samples) => memorySound(samples));
      await using sound = request.audio === null ? null : await openSound(tone());
      const context: EncoderContext = {
        output: sink,
        signal: stop.signal,
        browser: options.browser,
        page: null,
        sound,
        inactivityTimeoutMs: 30_000,
        warn: () => {},
      };
      try {
        await body({ source, sink, stop, request, open: () => encoder.open(request, context) });
      } finally {
        await sink.discard();
      }
    },
  });
  const pumpAll = (source: PatternSource, session: EncoderSession, stop: AbortController, end: number = FRAMES): Promise<unknown> =>
    pump([source], { start: 0, end }, session, { signal: stop.signal, captureTimeoutMs: 30_000, blockFrames: 1, windowBytes: 0 });

  /** Null where it cannot do that here, and says why. */
  const written = async ({ source, sink, stop, request, open }: Bench): Promise<OutputFacts | null> => {
    const support = await encoder.probe(request, { browser: options.browser });
    if (!support.ok) {
      assert(support.reasons.length > 0, "A refusal without a reason");
      return null;
    }
    const session: EncoderSession = await open();
    await pumpAll(source, session, stop);
    const result: EncodeResult = await session.finish();
    const pictures: number = request.timing === "variable" ? FRAMES - REPEATS.length : FRAMES;
    assert(
      result.framesIn === FRAMES && result.framesOut === pictures,
      `It says ${result.framesIn} in and ${result.framesOut} out instead of ${FRAMES} and ${pictures}`,
    );
    assert(result.byteLength === (await sink.byteLength()), `It says ${result.byteLength} bytes, and there are others`);
    return checkOutput(sink, { ...request, frameCount: FRAMES, pictures: result.framesOut });
  };

  return [
    testCase("answers a probe with support, or with reasons", async ({ request }) => {
      const support = await encoder.probe(request, { browser: options.browser });
      assert(support.ok || support.reasons.length > 0, "A refusal without a reason");
    }),
    testCase("its traits are plain JSON", async () => {
      assert(JSON.stringify(JSON.parse(JSON.stringify(traits))) === JSON.stringify(traits), "Traits do not survive JSON");
      assert(traits.accepts.includes(format), `It does not accept ${format}`);
    }),
    ...cells.map((cell) =>
      testCase(
        `writes every frame, also those that repeat, into ${cell.container} with ${cell.codec}, and the output passes the check`,
        async (bench) => {
          await written(bench);
        },
        cell,
      ),
    ),
    ...(format === "RGBA" ? cells.filter(({ codec }) => traits.alphaCodecs.includes(codec)) : []).map((cell) =>
      testCase(
        `keeps the alpha of frames in ${cell.container} with ${cell.codec}`,
        async (bench) => {
          const facts: OutputFacts | null = await written(bench);
          assert(facts === null || facts.alpha, "The alpha is lost");
        },
        { ...cell, alpha: true },
      ),
    ),
    ...(traits.variableTiming ? [cells[0]!] : []).map((cell) =>
      testCase(
        "lets a picture stay where frames repeat it, with variable timing",
        async (bench) => {
          await written(bench);
        },
        { ...cell, timing: "variable" },
      ),
    ),
    ...soundCells(traits, cells).map(({ sound, ...cell }) =>
      testCase(
        `writes sound as ${sound} beside the pictures into ${cell.container}, as long as they are`,
        async (bench) => {
          await written(bench);
        },
        { ...cell, audio: { codec: sound, bitrate: audioBitrates[sound] } },
      ),
    ),
    testCase("closes every frame by the end", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop);
      await session.finish();
      assert(source.openFrames === 0, `${source.openFrames} frames are open after finish`);
    }),
    testCase("gives the same answer to a second finish", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop);
      const [first, second] = [await session.finish(), await session.finish()];
      assert(first === second, "The second finish gave another result");
    }),
    testCase("refuses a frame that comes after the end, and closes it", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop);
      await session.finish();
      await expectFailure(session.write(await firstFrame(source)), "A write after finish");
      assert(source.openFrames === 0, `${source.openFrames} frames are open after the refused write`);
      await session.abort();
    }),
    ...[0, rawFrameBytes(format, SIZE) - 1].map((given) =>
      testCase(`refuses a frame of ${given} bytes, and says how many it should have`, async ({ source, open }) => {
        const expected: number = rawFrameBytes(format, SIZE);
        const session: EncoderSession = await open();
        const frame: Frame = await firstFrame(source);
        const short: Frame = { ...frame, pixels: { format, data: new Uint8Array(given) } };
        const message: string = await expectFailure(session.write(short), "A frame that is too short");
        assert(message.includes(`${given} bytes`), `The message does not name ${given} bytes: ${message}`);
        assert(message.includes(`${expected}`), `The message does not name ${expected} bytes: ${message}`);
        assert(source.openFrames === 0, `${source.openFrames} frames are open after the refused write`);
        await session.abort();
      }),
    ),
    testCase("may be aborted in the middle, twice, and closes every frame", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop, 8);
      await Promise.all([session.abort(), session.abort()]);
      assert(source.openFrames === 0, `${source.openFrames} frames are open after abort`);
    }),
    testCase("may be aborted while it finishes", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop);
      // Which of the two is first is open; both must come to an end.
      const finishing: Promise<unknown> = session.finish().catch((thrown: unknown) => thrown);
      await session.abort();
      const outcome: unknown = await finishing;
      assert(!(outcome instanceof Error) || isRenderError(outcome), `finish rejected with ${String(outcome)}, which is no RenderError`);
      assert(source.openFrames === 0, `${source.openFrames} frames are open after abort`);
    }),
    testCase("refuses frames after an abort, and closes them", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await session.abort();
      const thrown: unknown = await rejectionOf(pumpAll(source, session, stop), "A write after an abort");
      assert(isRenderError(thrown), `It rejected with ${String(thrown)}, which is no RenderError`);
      await settled(() => source.openFrames === 0);
      assert(source.openFrames === 0, `${source.openFrames} frames are open after a refused write`);
    }),
    testCase("an aborted signal fails what comes next with a stable code", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop, 4);
      stop.abort(new Error("enough"));
      const thrown: unknown = await rejectionOf(session.finish(), "finish after the signal");
      assert(isRenderError(thrown) && thrown.code === "aborted", `It rejected with ${String(thrown)} instead of the code "aborted"`);
      await session.abort();
    }),
    testCase("does not open for a signal that is aborted", async ({ stop, open }) => {
      stop.abort(new Error("enough"));
      const thrown: unknown = await rejectionOf(open(), "open");
      assert(isRenderError(thrown) && thrown.code === "aborted", `It rejected with ${String(thrown)} instead of the code "aborted"`);
    }),
  ];
}

/** One thing that an encoder writes. */
interface Cell {
  readonly container: Container;
  readonly codec: VideoCodec;
}

/** What it writes, as far as frames of this format lose nothing that the codec keeps. */
function cellsOf({ traits }: Encoder, format: EncoderCasesOptions["format"]): readonly Cell[] {
  const all: readonly Cell[] = Object.entries(traits.writes).flatMap(([container, held]) =>
    held.map((codec) => ({ container: container as Container, codec })),
  );
  return all.filter(({ codec }) => frameFormatsFor(false, codecs[codec].color !== "4:2:0").includes(format));
}

interface SoundCell extends Cell {
  readonly sound: AudioCodec;
}

/** The first codec of sound in each container. */
function soundCells({ writesAudio }: EncoderTraits, cells: readonly Cell[]): readonly SoundCell[] {
  return Object.entries(writesAudio).flatMap(([container, [sound]]) => {
    const cell: Cell | undefined = cells.find((one) => one.container === container);
    return cell === undefined || sound === undefined ? [] : [{ ...cell, sound }];
  });
}

/** 440 Hz, as long as the pictures. */
function tone(): Float32Array {
  return Float32Array.from({ length: SAMPLES * CHANNELS }, (_, at) => {
    const seconds: number = Math.floor(at / CHANNELS) / SAMPLE_RATE;
    return 0.25 * Math.sin(2 * Math.PI * 440 * seconds);
  });
}

async function firstFrame(source: PatternSource): Promise<Frame> {
  const { value } = await source.read({ start: 0, end: 1 })[Symbol.asyncIterator]().next();
  assert(value !== undefined, "The source gave no frame");
  return value as Frame;
}

/** Gives the message of an `encoder-failed`. */
async function expectFailure(work: Promise<unknown>, what: string): Promise<string> {
  const thrown: unknown = await rejectionOf(work, what);
  assert(
    isRenderError(thrown) && thrown.code === "encoder-failed",
    `${what} rejected with ${String(thrown)} instead of the code "encoder-failed"`,
  );
  return thrown.message;
}
