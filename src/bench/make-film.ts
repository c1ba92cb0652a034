import { join } from "node:path";
import type { Browser } from "../core/browser.ts";
import type { EncodeRequest, EncoderSession } from "../core/encoder.ts";
import { formats } from "../core/formats.ts";
import type { RenderHost } from "../core/host.ts";
import { requestOf, type EncoderToMeasure } from "./encoder-costs.ts";
import { keptFrame, type KeptFrames } from "./kept-frames.ts";

const SILENCE_MS = 60_000;

export interface FilmPlace {
  readonly browser: Browser;
  readonly host: Pick<RenderHost, "openSink">;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Encodes frames to a video file, for pages to show it.
 *
 * @returns its path
 * @throws RenderError what the encoder and the sink throw
 */
export async function makeFilm(
  encoding: EncoderToMeasure,
  frames: KeptFrames,
  frameCount: number,
  { browser, host, folder, signal }: FilmPlace,
): Promise<string> {
  const { encoder, container, codec } = encoding;
  const path: string = join(folder, `film-${codec}${formats[container].extension}`);
  const sink = await host.openSink(path, container);
  try {
    const request: EncodeRequest = { ...requestOf(encoding, frames), frameCount };
    await using session: EncoderSession = await encoder.open(request, {
      ...{ output: sink, signal, browser, page: null, sound: null },
      ...{ inactivityTimeoutMs: SILENCE_MS, warn: () => {} },
    });
    for (let index = 0; index < frameCount; index++) await session.write(keptFrame(frames, index));
    await session.finish();
    await sink.commit();
    return path;
  } finally {
    await sink.discard();
  }
}
