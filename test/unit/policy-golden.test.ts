import { describe, expect, it } from "vitest";
import { formats } from "../../src/core/formats.ts";
import { goldenCases, inputOf, outcomeOf } from "../support/policy-table.ts";

/**
 * What the policy decides, as it shall stay. Costs are those of the tests (test/support/policy-input.ts), pages take ten seconds of
 * 1080p unless said, hosts are cores × GB of memory. A line that changes is a change of the policy.
 *
 * asked | page | host | what was found or happened | capture | encoder | frames | workers (in segments) | streaming rule
 */
const table = `
Every container and codec
mp4                                | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 hevc                           | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 av1                            | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
webm                               | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
webm av1                           | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
webm vp8                           | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
webm vp9 alpha                     | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
mov                                | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
mov prores-4444 opaque             | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
mov prores-422                     | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
mov h264                           | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mkv                                | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mkv ffv1                           | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
mkv ffv1 alpha                     | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
gif                                | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-disk  | RGBA | 1      | format
gif alpha                          | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-disk  | RGBA | 1      | format
webp                               | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
webp alpha                         | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
apng                               | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
apng opaque                        | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
png-sequence                       | motion               | 2×8    | -                                      | html-in-canvas | png-sequence | RGBA | 1      | format
png-sequence opaque                | motion               | 2×8    | -                                      | html-in-canvas | png-sequence | RGBA | 1      | format
jpeg-sequence                      | motion               | 2×8    | -                                      | html-in-canvas | png-sequence | RGBA | 1      | format
jpeg-sequence quality=high         | motion               | 2×8    | -                                      | html-in-canvas | png-sequence | RGBA | 1      | format
webp-sequence                      | motion               | 2×8    | -                                      | html-in-canvas | png-sequence | RGBA | 1      | format

Pages
mp4                                | canvas               | 2×8    | -                                      | canvas         | ffmpeg-pipe  | I420 | 1      | default
mp4                                | webgl                | 2×8    | -                                      | canvas         | ffmpeg-pipe  | I420 | 1      | default
mp4                                | some-webgl           | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | depth                | 2×8    | -                                      | begin-frame    | ffmpeg-pipe  | PNG  | 1      | default
mp4                                | depth webgl          | 2×8    | -                                      | canvas         | ffmpeg-pipe  | I420 | 1      | default
mp4                                | foreign              | 2×8    | -                                      | begin-frame    | ffmpeg-pipe  | PNG  | 1      | default
mp4 crossOrigin=paint              | foreign              | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | stateful             | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 workers=4                      | stateful             | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 segments=4                     | stateful             | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 quality=lossless               | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
mp4 pixels=yuv444p                 | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | RGBA | 1      | default
jpeg-sequence                      | motion 1921x1081     | 2×8    | -                                      | html-in-canvas | png-sequence | RGBA | 1      | format
gif                                | motion 1921x1081     | 2×8    | -                                      | html-in-canvas | ffmpeg-disk  | RGBA | 1      | format
png-sequence                       | foreign              | 2×8    | -                                      | begin-frame    | png-sequence | PNG  | 1      | format

Machines and lengths
mp4                                | motion               | 1×0.5  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion 60s           | 1×64   | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion 60s           | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 quality=draft                  | motion 60s           | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion 60s           | 4×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 quality=draft                  | motion 60s           | 4×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 2      | default
mp4                                | motion 60s           | 16×32  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 5      | default
mp4 quality=draft                  | motion 60s           | 16×32  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 6      | default
mp4                                | motion 60s           | 16×2   | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 2      | default
mp4                                | motion 60s           | 16×0.5 | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion 60s           | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 6      | default
mp4 quality=draft                  | motion 60s           | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 6      | default
mp4                                | motion 3s            | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion 0.03s         | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion 3600s         | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 6      | default
mp4                                | motion 60s 3840x2160 | 16×4   | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 3      | default
webm                               | motion 60s           | 16×32  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 hevc                           | motion 60s           | 64×64  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 5      | default
mp4                                | webgl 60s            | 16×32  | -                                      | canvas         | ffmpeg-pipe  | I420 | 6      | default
mp4                                | motion 60s           | 16×32  | no painting                            | begin-frame    | ffmpeg-pipe  | PNG  | 9      | default

Asked for by name or number
mp4 capture=screenshot             | motion               | 2×8    | -                                      | screenshot     | ffmpeg-pipe  | PNG  | 1      | default
mp4 capture=begin-frame            | webgl                | 2×8    | -                                      | begin-frame    | ffmpeg-pipe  | PNG  | 1      | default
mp4 capture=html-in-canvas         | depth                | 2×8    | -                                      | no capture
mp4 capture=canvas                 | motion               | 2×8    | -                                      | no capture
mp4 capture=nothing                | motion               | 2×8    | -                                      | no capture
mp4 encoder=ffmpeg-disk            | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-disk  | I420 | 1      | encoder
mp4 encoder=webcodecs              | motion               | 2×8    | -                                      | html-in-canvas | webcodecs    | page | 1      | encoder
mp4 encoder=webcodecs              | motion insecure      | 2×8    | -                                      | html-in-canvas | webcodecs    | I420 | 1      | encoder
webm alpha encoder=webcodecs       | motion               | 2×8    | -                                      | no encoder
gif encoder=ffmpeg-pipe            | motion               | 2×8    | -                                      | no encoder
mp4 encoder=nothing                | motion               | 2×8    | -                                      | no encoder
mp4 workers=4                      | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 4      | default
mp4 workers=8                      | motion 0.1s          | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 3      | default
mp4 workers=4 encoder=webcodecs    | motion               | 2×8    | -                                      | html-in-canvas | webcodecs    | page | 1      | encoder
mp4 segments=3                     | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 3 in 3 | default
mp4 segments=8                     | motion 0.1s          | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 3 in 3 | default
mp4 segments=2 encoder=webcodecs   | motion               | 2×8    | -                                      | html-in-canvas | webcodecs    | page | 2 in 2 | encoder
mp4 segments=2                     | motion               | 2×8    | own files first                        | html-in-canvas | ffmpeg-pipe  | I420 | 2 in 2 | default
mp4 segments=2                     | stateful             | 2×8    | own files first                        | html-in-canvas | own          | I420 | 1      | encoder
mp4 workers=2 segments=2           | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 2 in 2 | default
mp4 timing=variable                | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 timing=variable pixels=yuv420p | motion 60s           | 4×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 timing=variable streaming=off  | motion               | 2×8    | -                                      | html-in-canvas | webcodecs    | page | 1      | opted-out
mp4 hardware=nvenc                 | motion 60s           | 16×32  | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 5      | default

Streaming
mp4                                | motion 3600s         | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 streaming=off                  | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-disk  | I420 | 1      | opted-out
mp4 limit=10                       | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4 limit=9.99                     | motion               | 2×8    | -                                      | html-in-canvas | ffmpeg-disk  | I420 | 1      | duration-limit
mp4 limit=9.99 encoder=ffmpeg-pipe | motion               | 2×8    | -                                      | no encoder
mp4 streaming=off                  | motion               | 2×8    | no ffmpeg                              | html-in-canvas | webcodecs    | page | 1      | opted-out
mp4                                | motion               | 2×8    | pipe failed                            | html-in-canvas | ffmpeg-disk  | I420 | 1      | did-not-start
mp4                                | motion               | 2×8    | pipe failed, disk failed               | html-in-canvas | webcodecs    | page | 1      | did-not-start
mp4                                | motion               | 2×8    | pipe failed, disk failed, no webcodecs | no encoder
png-sequence streaming=off         | motion               | 2×8    | -                                      | html-in-canvas | png-sequence | RGBA | 1      | opted-out
mp4                                | motion               | 2×8    | pipe failed, own encoder last          | html-in-canvas | ffmpeg-disk  | I420 | 1      | did-not-start

What works here
mp4                                | motion               | 2×8    | no ffmpeg                              | html-in-canvas | webcodecs    | page | 1      | encoder
mp4                                | motion insecure      | 2×8    | no ffmpeg                              | html-in-canvas | webcodecs    | I420 | 1      | encoder
mp4                                | motion               | 2×8    | no ffmpeg, no painting                 | begin-frame    | webcodecs    | PNG  | 1      | encoder
mov                                | motion               | 2×8    | no ffmpeg                              | no encoder
png-sequence                       | motion               | 2×8    | no ffmpeg                              | html-in-canvas | png-sequence | RGBA | 1      | format
mp4                                | motion               | 2×8    | no painting                            | begin-frame    | ffmpeg-pipe  | PNG  | 1      | default
mp4                                | webgl                | 2×8    | no painting                            | canvas         | ffmpeg-pipe  | I420 | 1      | default
mp4                                | some-webgl           | 2×8    | no painting                            | screenshot     | ffmpeg-pipe  | PNG  | 1      | default
mp4                                | motion               | 2×8    | no painting, begin-frame untried       | begin-frame    | ffmpeg-pipe  | PNG  | 1      | default
mp4                                | motion               | 2×8    | no painting, no shell                  | screenshot     | ffmpeg-pipe  | PNG  | 1      | default
mp4                                | motion               | 2×8    | no painting, no shell, no screenshot   | no capture
mp4                                | motion               | 2×8    | painted wrongly                        | begin-frame    | ffmpeg-pipe  | PNG  | 1      | default
mp4                                | motion               | 2×8    | painted wrongly, begin-frame crashed   | screenshot     | ffmpeg-pipe  | PNG  | 1      | default
mp4                                | motion 60s           | 16×32  | unmeasured                             | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | some-webgl           | 2×8    | no painting, unmeasured                | begin-frame    | ffmpeg-pipe  | PNG  | 1      | default

An author's own parts
mp4                                | motion 60s           | 16×32  | own capture first                      | own            | ffmpeg-pipe  | RGBA | 1      | default
mp4                                | motion               | 2×8    | own capture last                       | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion 60s           | 16×32  | own capture last, own measured         | own            | ffmpeg-pipe  | RGBA | 1      | default
mp4                                | motion               | 2×8    | own encoder first                      | html-in-canvas | own          | I420 | 1      | default
mp4                                | motion               | 2×8    | own encoder last                       | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
webm                               | motion               | 2×8    | own encoder first                      | html-in-canvas | ffmpeg-pipe  | I420 | 1      | default
mp4                                | motion               | 2×8    | own files first                        | html-in-canvas | own          | I420 | 1      | encoder
`;

describe("the policy's golden table", () => {
  it.each(goldenCases(table))("$asked, $page, $host, $here: $expected", (golden) => {
    expect(outcomeOf(golden)).toBe(golden.expected);
  });

  it("has every codec in every container, with and without alpha where both can be", () => {
    const asked = new Set(
      goldenCases(table)
        .map((golden) => inputOf(golden).job)
        .map(({ container, codec, alpha }) => `${container} ${codec} ${alpha}`),
    );
    const all: readonly string[] = Object.entries(formats).flatMap(([container, { codecs }]) =>
      codecs.map((codec) => `${container} ${codec}`),
    );
    expect(all.filter((one) => !asked.has(`${one} true`) && !asked.has(`${one} false`))).toEqual([]);
    expect([...asked].filter((one) => one.endsWith("true")).map((one) => one.split(" ").slice(0, 2).join(" "))).toEqual([
      "webm vp9",
      "mov prores-4444",
      "mkv ffv1",
      "gif gif",
      "webp webp",
      "apng png",
      "png-sequence png",
      "webp-sequence webp",
    ]);
  });
});
