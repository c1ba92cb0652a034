import type { Browser } from "../core/browser.ts";
import type { EncodeRequest, Encoder, EncoderContext, EncoderSession } from "../core/encoder.ts";
import { isRenderError } from "../core/errors.ts";
import { checkOutput } from "../core/pipeline/check-output.ts";
import { pump } from "../core/pipeline/pump.ts";
import type { OutputSink } from "../core/sink.ts";
import { assert, rejectionOf, settled, type ContractCase } from "./contract-case.ts";
import { patternSource, type PatternSource } from "./pattern-source.ts";

export interface EncoderCasesOptions {
  readonly browser: Browser;
  /** A fresh output for each case; the cases discard it. */
  openSink(): Promise<OutputSink>;
  /** A raw format that the encoder accepts. */
  readonly format: "RGBA" | "I420";
}

const SIZE = { width: 320, height: 180 } as const;
const RATE = { numerator: 30000, denominator: 1001 } as const;
const FRAMES = 24;

interface Bench {
  readonly source: PatternSource;
  readonly sink: OutputSink;
  readonly stop: AbortController;
  readonly request: EncodeRequest;
  open(): Promise<EncoderSession>;
}

/** What every encoder does: for the authors of encoders, and for the built-in ones. */
export function encoderCases(encoder: Encoder, options: EncoderCasesOptions): ContractCase[] {
  const request: EncodeRequest = {
    size: SIZE,
    frameRate: RATE,
    frameCount: FRAMES,
    frameFormat: options.format,
    container: encoder.traits.containers[0]!,
    codec: encoder.traits.codecs[0]!,
    quality: {},
  };
  const testCase = (name: string, body: (bench: Bench) => Promise<void>): ContractCase => ({
    name,
    async run() {
      const sink: OutputSink = await options.openSink();
      const stop = new AbortController();
      const source: PatternSource = patternSource({
        size: SIZE,
        frameRate: RATE,
        frameCount: FRAMES,
        format: options.format,
        repeatAt: [5, 6, 20],
      });
      const context: EncoderContext = {
        output: sink,
        signal: stop.signal,
        browser: options.browser,
        page: null,
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
    pump(source, { start: 0, end }, session, { signal: stop.signal, captureTimeoutMs: 30_000 });

  return [
    testCase("answers a probe with support, or with reasons", async () => {
      const support = await encoder.probe(request, { browser: options.browser });
      assert(support.ok || support.reasons.length > 0, "A refusal without a reason");
    }),
    testCase("its traits are plain JSON", async () => {
      assert(JSON.stringify(JSON.parse(JSON.stringify(encoder.traits))) === JSON.stringify(encoder.traits), "Traits do not survive JSON");
      assert(encoder.traits.accepts.includes(options.format), `It does not accept ${options.format}`);
    }),
    testCase("writes every frame, also those that repeat, into a file that passes the check", async ({ source, sink, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop);
      const result = await session.finish();
      assert(
        result.framesIn === FRAMES && result.framesOut === FRAMES,
        `It says ${result.framesIn} in and ${result.framesOut} out instead of ${FRAMES}`,
      );
      await checkOutput(sink, { frameCount: FRAMES, frameRate: RATE, size: SIZE, codec: request.codec });
    }),
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
    testCase("may be aborted in the middle, twice, and closes every frame", async ({ source, stop, open }) => {
      const session: EncoderSession = await open();
      await pumpAll(source, session, stop, 8);
      await Promise.all([session.abort(), session.abort()]);
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
