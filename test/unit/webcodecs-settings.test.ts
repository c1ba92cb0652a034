import { describe, expect, it } from "vitest";
import { codecStrings, type WebCodec } from "../../src/encoders/codec-strings.ts";
import { rateControl } from "../../src/encoders/webcodecs-rate.ts";

const hd = { width: 1920, height: 1080 } as const;
const uhd = { width: 3840, height: 2160 } as const;
const rate = (numerator: number, denominator = 1) => ({ numerator, denominator });

describe("the codec string names the lowest level that holds the job", () => {
  it.each<[WebCodec, { width: number; height: number }, { numerator: number; denominator: number }, string]>([
    ["h264", hd, rate(30), "avc1.640028"],
    ["h264", hd, rate(30000, 1001), "avc1.640028"],
    ["h264", hd, rate(60), "avc1.64002a"],
    ["h264", { width: 1080, height: 1920 }, rate(30), "avc1.640028"],
    ["h264", uhd, rate(60), "avc1.640034"],
    ["h264", { width: 16, height: 16 }, rate(1), "avc1.64001e"],
    ["hevc", hd, rate(30), "hvc1.1.6.L120.B0"],
    ["hevc", uhd, rate(60), "hvc1.1.6.L153.B0"],
    ["vp9", hd, rate(30), "vp09.00.40.08.01.01.01.01.00"],
    ["vp9", hd, rate(60), "vp09.00.41.08.01.01.01.01.00"],
    ["vp9", uhd, rate(60), "vp09.00.51.08.01.01.01.01.00"],
    ["av1", hd, rate(30), "av01.0.08M.08.0.110.01.01.01.0"],
    ["av1", hd, rate(60), "av01.0.09M.08.0.110.01.01.01.0"],
    ["av1", uhd, rate(60), "av01.0.13M.08.0.110.01.01.01.0"],
    ["av1", { width: 16_384, height: 8_704 }, rate(1000), "av01.0.18M.08.0.110.01.01.01.0"],
    ["vp8", uhd, rate(60), "vp8"],
  ])("%s at %o, %o: %s", (codec, size, frameRate, first) => {
    expect(codecStrings(codec, size, frameRate)[0]).toBe(first);
  });

  it("and other profiles of H.264 after it", () => {
    expect(codecStrings("h264", hd, rate(30))).toEqual(["avc1.640028", "avc1.4d0028", "avc1.42e028"]);
  });
});

describe("a quality becomes", () => {
  it("the bitrate that was asked for, whatever the level", () => {
    for (const codec of ["h264", "vp8", "vp9", "av1"] as const)
      expect(rateControl(codec, { level: "high", bitrate: 5_000_000, crf: 3 }, 1e6)).toEqual({ bitrate: 5_000_000 });
  });

  it.each(["vp9", "av1"] as const)("a quantizer with %s", (codec) => {
    expect(rateControl(codec, { level: "standard", crf: 33 }, 1e6)).toEqual({ quantizer: 33 });
    const levels = (["draft", "standard", "high"] as const).map((level) => rateControl(codec, { level }, 1e6));
    expect(levels).toEqual(levels.toSorted((a, b) => ("quantizer" in a && "quantizer" in b ? b.quantizer - a.quantizer : NaN)));
  });

  it.each(["h264", "hevc", "vp8"] as const)("a bitrate with %s, in step with pixels and CRF", (codec) => {
    const bitrate = (crf: number, pixelsPerSecond: number): number => {
      const control = rateControl(codec, { level: "standard", crf }, pixelsPerSecond);
      return "bitrate" in control ? control.bitrate : NaN;
    };
    expect(bitrate(20, 2e8) / bitrate(20, 1e8)).toBeCloseTo(2, 6);
    // Six of the 51 of H.264 are about seven of the 63 of VP8.
    expect(bitrate(20, 1e8) / bitrate(codec === "vp8" ? 20 + (6 * 63) / 51 : 26, 1e8)).toBeCloseTo(2, 6);
  });

  it("nothing where it is lossless", () => {
    expect(() => rateControl("vp9", { level: "lossless" }, 1e6)).toThrow("not lossless");
  });
});
