import { readFile } from "node:fs/promises";
import { CHANNELS, SAMPLE_RATE } from "../../src/core/sound.ts";
import { html, serveLoopback } from "./loopback.ts";
import type { PlainBrowser } from "./plain-browser.ts";
import { runFfmpeg } from "./video-frames.ts";

/** A file's sound as ffmpeg decodes it, from the time 0 of its pictures on, the channels in turn. */
export async function decodeSound(path: string): Promise<Float32Array> {
  const raw: Uint8Array = await runFfmpeg([
    // Its own times: else it moves all to begin at 0.
    ...["-copyts", "-i", path, "-map", "0:a:0", "-af", "aresample=async=1:first_pts=0"],
    ...["-f", "f32le", "-ar", `${SAMPLE_RATE}`, "-ac", `${CHANNELS}`, "pipe:1"],
  ]);
  return new Float32Array(raw.slice().buffer);
}

/** What Chromium makes of a file's sound. */
export interface PlayedSound {
  /** What `decodeAudioData` gives, the channels in turn. */
  readonly samples: Float32Array;
  /** Of the `<video>`. */
  readonly durationSeconds: number;
  /** Bytes of sound that the `<video>` decoded while it played to its end. */
  readonly decodedBytes: number;
}

export async function playSound(browser: PlainBrowser, path: string, type: string): Promise<PlayedSound> {
  const bytes: Buffer = await readFile(path);
  await using server = await serveLoopback({
    "/": html(""),
    "/video": (response) => response.setHeader("content-type", type).end(bytes),
  });
  const played = await browser.evaluate<{ samples: string; durationSeconds: number; decodedBytes: number }>(
    `http://127.0.0.1:${server.port}/`,
    inPage,
  );
  return { ...played, samples: new Float32Array(new Uint8Array(Buffer.from(played.samples, "base64")).buffer) };
}

const inPage = `(async () => {
  const blob = await (await fetch("/video")).blob();
  const buffer = await new OfflineAudioContext(${CHANNELS}, 1, ${SAMPLE_RATE}).decodeAudioData(await blob.arrayBuffer());
  const samples = new Float32Array(buffer.length * ${CHANNELS});
  for (let channel = 0; channel < ${CHANNELS}; channel++)
    buffer.getChannelData(Math.min(channel, buffer.numberOfChannels - 1)).forEach((value, at) => (samples[at * ${CHANNELS} + channel] = value));
  const video = document.createElement("video");
  video.muted = true;
  video.playbackRate = 4;
  const ended = new Promise((resolve, reject) => {
    video.onended = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
  video.src = URL.createObjectURL(blob);
  await video.play();
  await ended;
  const octets = new Uint8Array(samples.buffer);
  let text = "";
  for (let at = 0; at < octets.length; at += 0x8000) text += String.fromCharCode(...octets.subarray(at, at + 0x8000));
  return { samples: btoa(text), durationSeconds: video.duration, decodedBytes: video.webkitAudioDecodedByteCount };
})()`;
