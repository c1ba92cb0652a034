import { describe, expect, it } from "vitest";
import { CHUNK_SECONDS, planChunks } from "../../src/ffmpeg/chunk-plan.ts";
import { seekPoints } from "../../src/ffmpeg/first-picture.ts";
import { timingOf } from "../../src/ffmpeg/video-frames.ts";
import { packetParser, pictureAt, pictureUntil, videoIndex } from "../../src/ffmpeg/video-index.ts";
import { parseDuration, parseVideoStream } from "../../src/ffmpeg/video-stream.ts";
import { Random } from "../support/random.ts";

const stream = { codec: "h264", pixelFormat: "yuv420p", range: "tv", matrix: "bt709", hasAlpha: false, tickSeconds: 0.001 } as const;

function packetsOf(lines: readonly string[]): NonNullable<ReturnType<ReturnType<typeof packetParser>>>[] {
  const parse = packetParser();
  return lines.flatMap((line) => parse(line) ?? []);
}

describe("what ffmpeg says of a stream", () => {
  it("is read from its line, with the colours that browsers suppose where it says none", () => {
    const line = (text: string): ReturnType<typeof parseVideoStream> =>
      parseVideoStream(`[info]   Stream #0:0[0x1](und): Video: ${text}\n`);
    expect(
      line("h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709, progressive), 1920x1080 [SAR 1:1 DAR 16:9], 30 fps, 30 tbr, 1k tbn"),
    ).toEqual(stream);
    expect(line("h264 (Main), yuv420p, 1280x720, 25 fps, 12800 tbn")?.tickSeconds).toBe(1 / 12_800);
    expect(line("h264 (Main), yuv420p, 1280x720, 25 fps, 90k tbn")?.tickSeconds).toBe(1 / 90_000);
    expect(line("h264 (High 4:4:4 Predictive), yuvj444p(pc, bt470bg/bt709/unknown), 64x64")).toMatchObject({
      range: "pc",
      matrix: "smpte170m",
    });
    expect(line("vp9 (Profile 0), yuv420p(tv, progressive), 640x360")).toMatchObject({ codec: "vp9", matrix: "smpte170m" });
    expect(line("h264 (Main), yuv420p, 1280x720")).toMatchObject({ matrix: "bt709" });
    expect(line("hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt2020nc/bt2020/smpte2084), 3840x2160")).toMatchObject({
      matrix: "bt2020ncl",
    });
    expect(line("prores (4444) (ap4h / 0x68347061), yuva444p12le(tv, bt709, progressive), 96x64")).toMatchObject({ hasAlpha: true });
    expect(line("png (attached pic), rgb24(pc), 500x500 (attached pic)")).toBeNull();
    expect(parseVideoStream("Stream #0:0: Audio: aac, 48000 Hz")).toBeNull();
  });

  it("is not read from the metadata of the file", () => {
    const real = "[info]   Stream #0:0: Video: h264 (High), yuv420p(tv, bt709, progressive), 1920x1080, 30 fps, 1k tbn";
    const forged = "Stream #0:0: Video: vp9, gbrp(pc, bt2020nc), 16x16, 25 fps, 1 tbn";
    const metadata: readonly string[] = [
      `[info]     title           : ${forged}`,
      `                    :   ${forged}`,
      "[info]     comment         : Duration: 99:00:00.00, start: 5.0",
    ];
    const said: string = [
      "[info] Input #0, matroska, from 'file:a.mkv':",
      "[info]   Metadata:",
      ...metadata,
      "[info]   Duration: 00:00:02.00, start: 0.0",
      real,
    ].join("\n");
    expect(parseVideoStream(said)).toEqual(stream);
    expect(parseDuration(said)).toEqual({ start: 0, duration: 2 });
    expect(parseVideoStream(`${said}\n[info] Stream mapping:\n[info]   Stream #0:0 -> #0:0 (copy)`)).toEqual(stream);
    // Releases before 5.0 have it further in.
    expect(parseVideoStream(said.replace("[info]   Stream", "[info]     Stream"))).toEqual(stream);
    // A key may hold a whole line, which then stands before that of ffmpeg, or in its place.
    expect(parseVideoStream([`[info]   ${forged}`, said].join("\n"))).toBeNull();
    expect(parseVideoStream([`[info]   ${forged.replace("#0:0", "#0:7")}`, said].join("\n"))).toBeNull();
    expect(parseVideoStream(`${said}\n[info] Output #0, framecrc, to 'pipe:1':\n${real}`)).toEqual(stream);
  });

  it("has a colour matrix of a closed set, and a tick that is a time", () => {
    const line = (text: string): ReturnType<typeof parseVideoStream> => parseVideoStream(`  Stream #0:0: Video: ${text}`);
    expect(line("h264 (High), yuv420p(tv, constructor/toString), 1920x1080, 0 tbn")).toEqual(stream);
    expect(line("h264 (High), yuv420p(tv, __proto__), 1920x1080, 1e99 tbn")).toMatchObject({ matrix: "bt709" });
  });

  it("tells where a file begins and how long it is", () => {
    expect(parseDuration("  Duration: 01:02:03.50, start: 1.400000, bitrate: 5 kb/s")).toEqual({ start: 1.4, duration: 3723.5 });
    expect(parseDuration("  Duration: N/A, start: -0.007000, bitrate: N/A")).toEqual({ start: -0.007, duration: null });
  });
});

describe("the index of a file's pictures", () => {
  it("holds them in the order in which they are shown, without those that an edit list leaves out", () => {
    const index = videoIndex(
      packetsOf([
        "#tb 0: 1/30",
        "0, -2, -1, 1, 900, 0x1, F=0x5",
        "0, -1, 2, 1, 90, 0x1, F=0x0",
        "0, 0, 0, 1, 9, 0x1, F=0x0",
        "0, 1, 1, 1, 9, 0x1",
      ]),
      stream,
      "  Duration: 00:00:00.10, start: 0.000000",
    );
    expect(index.timesUs).toEqual([0, 33_333, 66_667]);
    expect(index.keysUs).toEqual([-33_333, 33_333]);
    expect(index.endUs).toBe(100_000);
    expect(index.cutOff).toBeNull();
  });

  it("knows a file that is cut off from one whose sound is longer", () => {
    const packets = packetsOf(["#tb 0: 1/10", "0, 0, 0, 1, 9, 0x1", "0, 1, 1, 1, 9, 0x1, F=0x0", "0, 2, 2, 1, 9, 0x1, F=0x2"]);
    const header = "  Duration: 00:00:09.00, start: 0.000000\n";
    expect(videoIndex(packets, stream, header)).toMatchObject({ cutOff: null, timesUs: [0, 100_000] });
    const said = `${header}[mov,mp4 @ 0x55d0] [error] stream 0, offset 0x30: partial file\n`;
    expect(videoIndex(packets, stream, said).cutOff).toBe("stream 0, offset 0x30: partial file");
  });

  it("finds the picture of a time, and a time between two pictures", () => {
    const index = { timesUs: [10, 20, 40] };
    expect([0, 10, 19, 20, 39, 40, 900].map((time) => pictureAt(index, time))).toEqual([0, 0, 0, 1, 1, 2, 2]);
    expect(pictureUntil(index, 2)).toBe(30);
    expect(pictureUntil(index, 0)).toBeLessThan(10);
    expect(pictureUntil(index, 3)).toBeGreaterThan(1_000_000);
  });
});

describe("the plan of chunks", () => {
  it("has every picture once, none longer than may be, whatever the file", () => {
    const random = new Random(11);
    for (let round = 0; round < 200; round++) {
      let time = 0;
      const timesUs: number[] = Array.from({ length: random.whole(1, 500) }, () => (time += random.whole(1, 200_000)));
      const keysUs: number[] = timesUs.filter((_, at) => at === 0 || random.chance(3));
      const starts: number[] = planChunks({ timesUs, keysUs }, random.pick([1e4, 2e6, 8e6]), random.pick(["image/jpeg", "image/png"]));
      expect(starts[0]).toBe(0);
      expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b));
      expect(starts.at(-1)).toBeLessThan(timesUs.length);
    }
  });

  it("lets chunks begin with key frames where those are near", () => {
    const timesUs: number[] = Array.from({ length: 600 }, (_, at) => Math.round((at * 1_000_000) / 30));
    const keysUs: number[] = timesUs.filter((_, at) => at % 60 === 0);
    expect(planChunks({ timesUs, keysUs }, 1e6, "image/jpeg").every((start) => start % 60 === 0)).toBe(true);
    expect(planChunks({ timesUs, keysUs: [0] }, 1e6, "image/jpeg")[1]).toBe(CHUNK_SECONDS * 30);
  });

  it("begins decoding at the key frame before, then at an earlier one, at last at the beginning", () => {
    const keys: readonly number[] = [0, 1_000_000, 2_000_000, 2_100_000];
    expect(seekPoints(keys, 2_050_000)).toEqual([2_050_000, 1_140_000, null]);
    expect(seekPoints(keys, 1_500_000)).toEqual([1_140_000, null]);
    expect(seekPoints(keys, 10)).toEqual([null]);
  });
});

describe("the timing of a video's frames", () => {
  it("goes by the exact rate, and begins a loop anew exactly", () => {
    const timing = timingOf({ frameRate: "30000/1001", playbackRate: 2, mediaStart: 1, loop: true, durationSeconds: 10 }, 2.001);
    expect(timing.frameCount).toBe(300);
    expect(timing.secondsOf(0)).toBe(1);
    expect(timing.secondsOf(15)).toBe(1);
    expect(timing.secondsOf(1)).toBeCloseTo(1.066733, 6);
  });
});
