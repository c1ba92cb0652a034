import { describe, expect, it } from "vitest";
import { RenderError, soundFailed, injectionFailed } from "../../src/core/errors.ts";
import { injectorFor } from "../../src/core/policy/choose-injectors.ts";
import { codecFamily, injectorCost } from "../../src/core/policy/costs.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { InjectorCandidate, Plan, PolicyInput, Rejection } from "../../src/core/policy/plan.ts";
import { afterFailure, replan } from "../../src/core/policy/replan.ts";
import { hostOf, ownEncoder } from "../support/policy-input.ts";
import { injectorCostOf, injectorTraits, mediaInput, mediaInputOf, pageMedia } from "../support/policy-media.ts";
import { goldenCases, type GoldenCase } from "../support/policy-table.ts";

const MIB: number = 1024 ** 2;

/**
 * Who feeds the videos of a page and who mixes its sound, as it shall stay. Media in words: test/support/policy-media.ts.
 *
 * asked | page | host | what was found or happened | injector of each video | bytes of the cache in MiB | sound
 */
const table = `
Who decodes it
mp4                  | h264                    | 2×8 | -                                          | webcodecs          | 954 | silent
mp4                  | h264 h264               | 2×8 | -                                          | webcodecs webcodecs | 954 | silent
mp4                  | hevc                    | 2×8 | -                                          | base64             | 954 | silent
mp4                  | h264 prores             | 2×8 | -                                          | webcodecs base64   | 954 | silent
mp4                  | h264 insecure           | 2×8 | -                                          | base64             | 954 | silent
mp4                  | far:h264                | 2×8 | -                                          | webcodecs          | 954 | silent
mp4                  | blob:h264               | 2×8 | -                                          | webcodecs          | 954 | silent
mp4                  | h264                    | 2×8 | url is cheap                               | url                | 954 | silent
mp4                  | closed h264             | 2×8 | -                                          | webcodecs          | 954 | silent
mp4                  | -                       | 2×8 | -                                          |                    | 954 | silent

What is lacking
mp4                  | h264                    | 2×8 | no ffmpeg                                  | webcodecs          | 954 | silent
mp4                  | h264 insecure           | 2×8 | no ffmpeg                                  | native             | 954 | silent
mp4                  | prores insecure         | 2×8 | no ffmpeg                                  | media-unreadable
mp4                  | prores                  | 2×8 | no ffmpeg                                  | media-unreadable
mp4                  | unused:prores           | 2×8 | no ffmpeg                                  | native             | 954 | silent
mp4                  | h264                    | 2×8 | no injector                                | native             | 0   | silent
mp4                  | prores                  | 2×8 | no injector                                | media-unreadable

Asked for by name
mp4 injector=url     | h264 prores             | 2×8 | -                                          | url url            | 954 | silent
mp4 injector=base64  | h264                    | 2×8 | -                                          | base64             | 954 | silent
mp4 injector=native  | h264                    | 2×8 | -                                          | native             | 0   | silent
mp4 injector=native  | prores                  | 2×8 | -                                          | media-unreadable
mp4 injector=native  | unused:prores           | 2×8 | -                                          | native             | 0   | silent
mp4 injector=webcodecs | prores                | 2×8 | -                                          | no injector
mp4 injector=webcodecs | h264 unused:prores    | 2×8 | -                                          | webcodecs native   | 954 | silent
mp4 injector=nothing | h264                    | 2×8 | -                                          | no injector
mp4 cache=1048576    | h264                    | 2×8 | -                                          | webcodecs          | 1   | silent

The server of the page
mp4                  | prores audio            | 2×8 | no url feed                                | base64             | 954 | silent
mp4                  | prores                  | 2×8 | url alone shares                           | url                | 954 | silent
mp4                  | prores prores           | 2×8 | url alone shares                           | url url            | 954 | silent
mp4                  | prores far:audio        | 2×8 | url alone shares                           | url                | 954 | silent
mp4                  | prores blob:audio       | 2×8 | url alone shares                           | url                | 954 | silent
mp4                  | prores audio            | 2×8 | url alone shares                           | media-unreadable
mp4                  | h264 audio              | 2×8 | url alone shares                           | native             | 954 | silent
mp4                  | h264 closed             | 2×8 | url alone shares                           | native             | 954 | silent
mp4                  | h264 unused:prores      | 2×8 | url alone shares                           | url url            | 954 | silent
mp4                  | h264 prores             | 2×8 | url shares                                 | webcodecs base64   | 954 | silent
mp4 injector=url     | h264 h264               | 2×8 | url shares                                 | url url            | 954 | silent
mp4 injector=url     | h264 audio              | 2×8 | url shares                                 | no injector
mp4                  | h264 h264 audio         | 2×8 | url is cheap, url shares                   | webcodecs webcodecs | 954 | silent

Small hosts
mp4                  | prores                  | 2×1 | -                                          | base64             | 119 | silent
mp4                  | prores                  | 2×0.25 | -                                       | base64             | 64  | silent
mp4                  | prores                  | 2×64 | -                                         | base64             | 1024 | silent
mp4 cache=4000000    | prores                  | 2×1 | -                                          | url                | 4   | silent
mp4 cache=4000000    | prores                  | 2×1 | no url feed                                | base64             | 4   | silent
mp4 cache=4000000    | h264 insecure           | 2×1 | no url feed                                | native             | 4   | silent
mp4 cache=4000000    | h264 insecure           | 2×8 | no url feed                                | base64             | 4   | silent
mp4 injector=base64 cache=4000000 | h264       | 2×1 | -                                          | base64             | 4   | silent

After failures
mp4                  | h264                    | 2×8 | webcodecs failed                           | base64             | 954 | silent
mp4                  | h264                    | 2×8 | webcodecs failed, base64 failed            | url                | 954 | silent
mp4                  | h264                    | 2×8 | webcodecs failed, base64 failed, url failed | native            | 954 | silent
mp4                  | prores                  | 2×8 | webcodecs failed, base64 failed, url failed | no injector
mp4                  | h264                    | 2×8 | encoder webcodecs failed                   | webcodecs          | 954 | silent
mp4 injector=webcodecs | h264                  | 2×8 | webcodecs failed                           | no injector

Sound
mp4                  | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg aac 192000
mp4                  | played                  | 2×8 | -                                          |                    | 954 | ffmpeg aac 192000
webm                 | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg opus 160000
mov                  | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg aac 192000
mkv sound=flac       | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg flac
mov sound=pcm        | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg pcm
mp4 sound=opus       | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg opus 160000
mp4 bitrate=96000    | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg aac 96000
mp4 sound=off        | heard                   | 2×8 | -                                          |                    | 954 | silent
mp4                  | heard                   | 2×8 | no mixer                                   |                    | 954 | silent
png                  | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg WAV
gif                  | heard                   | 2×8 | -                                          |                    | 954 | ffmpeg WAV
mp4                  | heard                   | 2×8 | ffmpeg mix failed                          |                    | 954 | page aac 192000
mp4                  | heard                   | 2×8 | ffmpeg mix failed, page mix failed         | no mixer
`;

function outcomeOf(golden: GoldenCase): string {
  try {
    const { videos, cacheBytes, sound } = defaultPolicy(mediaInputOf(golden));
    const feeders: string = videos.map(({ injector }) => injector ?? "native").join(" ");
    const audio: string = sound?.audio ? [sound.audio.codec, sound.audio.bitrate].filter(Boolean).join(" ") : "WAV";
    return [feeders, String(Math.round(cacheBytes / MIB)), sound === null ? "silent" : `${sound.mixer} ${audio}`].join(" | ");
  } catch (thrown) {
    if (!(thrown instanceof RenderError)) throw thrown;
    return thrown.code === "plan-impossible" ? `no ${String(thrown.details["lacking"])}` : thrown.code;
  }
}

function rejectionOf(plan: Plan, role: Rejection["role"], part: string): Rejection | undefined {
  return plan.rejected.find((one) => one.role === role && one.part === part);
}

function videoFacts(words: string): NonNullable<ReturnType<typeof pageMedia>[number]["facts"]> {
  return pageMedia(words)[0]!.facts!;
}

describe("the policy's golden table of media", () => {
  it.each(goldenCases(table))("$asked, $page, $host, $here: $expected", (golden) => {
    expect(outcomeOf(golden)).toBe(golden.expected);
  });
});

describe("the injectors", () => {
  it("come with a reason for each video, and one for each that feeds none", () => {
    const plan = defaultPolicy(mediaInput("h264 prores"));
    expect(plan.videos).toEqual([
      {
        source: "http://localhost/0.h264",
        injector: "webcodecs",
        reason: "the injector that costs least, 9.5 ms a picture (base64 26 ms, url 26 ms)",
      },
      { source: "http://localhost/1.prores", injector: "base64", reason: "the injector that costs least, 26 ms a picture (url 26 ms)" },
    ]);
    expect(rejectionOf(plan, "injector", "url")).toEqual({
      part: "url",
      role: "injector",
      kind: "not-preferred",
      reasons: [
        "for 1 of 2 videos: it costs 26 ms a picture, and webcodecs 9.5 ms",
        "for 1 of 2 videos: it costs 26 ms a picture, and base64 26 ms",
      ],
    });
    expect(rejectionOf(plan, "injector", "webcodecs")).toBeUndefined();
  });

  it("give way to the browser where none can feed a video, which the reason says", () => {
    const none = { ok: false, reasons: ["it cannot read this file"] } as const;
    const input = mediaInput("h264");
    const injectors = input.injectors.map((one): InjectorCandidate => ({ ...one, support: { "http://localhost/0.h264": none } }));
    const { videos } = defaultPolicy({ ...input, injectors: injectors.slice(0, 2) });
    expect(videos[0]).toEqual({
      source: "http://localhost/0.h264",
      injector: null,
      reason: "the browser plays it itself, sought frame by frame: webcodecs (it cannot read this file); base64 (it cannot read this file)",
    });
  });

  it("name the file and its codec where nothing decodes what is played", () => {
    const input = mediaInput("prores", { injectors: [] });
    expect(() => defaultPolicy(input)).toThrow(
      'The media file "http://localhost/0.prores" cannot be played: nothing here decodes prores: there is no injector',
    );
  });

  it("feed a file once, however many elements show it, and used by one of them is used", () => {
    const [used] = pageMedia("prores");
    const input = mediaInput("prores");
    const media = [used!, { ...used!, isUsed: false }];
    expect(defaultPolicy({ ...input, page: { ...input.page, media } }).videos).toHaveLength(1);
    expect(() => defaultPolicy({ ...input, injectors: [], page: { ...input.page, media } })).toThrow("nothing here decodes prores");
  });

  it("are not asked about a page without videos, and say so", () => {
    const plan = defaultPolicy(mediaInput("audio"));
    expect(plan.videos).toEqual([]);
    expect(rejectionOf(plan, "injector", "base64")).toMatchObject({
      kind: "not-applicable",
      reasons: ["the page has no video whose pictures can be read"],
    });
  });

  it("never take pictures from the page's server while the page reads media there: thirty videos starved them (regression)", () => {
    const shared: InjectorCandidate = { name: "url", traits: { ...injectorTraits.url, sharesPageServer: true }, support: {} };
    const costs = { ...mediaInput("").costs, injectors: [injectorCostOf("url", 0.1)] };
    const wall: string = Array.from({ length: 30 }, () => "h264").join(" ");
    const input = mediaInput(`${wall} audio`, { injectors: [shared], costs });
    const plan = defaultPolicy(input);
    expect(plan.videos.map(({ injector }) => injector)).toEqual(Array.from({ length: 30 }, () => null));
    expect(rejectionOf(plan, "injector", "url")).toMatchObject({
      kind: "unsuitable",
      reasons: ['its pictures would wait behind "http://localhost/30.audio", which the page reads from the same server'],
    });
    expect(() => defaultPolicy(mediaInput(`${wall} audio`, { injectors: [shared], costs }, { media: { injector: "url" } }))).toThrow(
      "its pictures would wait behind",
    );
  });

  it("that are pushed must fit into the cache of a small host, and say what they need", () => {
    const wall: string = Array.from({ length: 30 }, () => "h264").join(" ");
    const small = mediaInput(wall, { host: hostOf(2, 1) });
    const insecure: PolicyInput = { ...small, page: { ...small.page, isSecureContext: false } };
    const plan = defaultPolicy(insecure);
    expect(plan.videos.every(({ injector }) => injector === "url")).toBe(true);
    expect(rejectionOf(plan, "injector", "base64")).toMatchObject({
      kind: "unsuitable",
      reasons: ["the pictures that 30 videos need ahead take 1080 MB, and the cache of this small host holds 125 MB"],
    });
    const large = defaultPolicy({ ...insecure, host: hostOf(2, 8) });
    expect(large.videos.every(({ injector }) => injector === "base64")).toBe(true);
  });

  it("are taken all the same where their pictures do not fit and nothing else decodes the video", () => {
    const input = mediaInput("prores", { host: hostOf(2, 1) }, { media: { cacheBytes: MIB } });
    const [video] = defaultPolicy({ ...input, injectors: input.injectors.filter(({ name }) => name === "base64") }).videos;
    expect(video!.injector).toBe("base64");
    expect(video!.reason).toContain("its pictures do not fit into the cache, but nothing else decodes it");
  });

  it("cost by the family of the codec, and by any where it has no row; nothing is no cost", () => {
    expect([codecFamily("avc1.64001F"), codecFamily("prores"), codecFamily("hev1.1.6.L93.B0")]).toEqual(["avc1", "prores", "hvc1"]);
    const rows = [injectorCostOf("a", 5), injectorCostOf("a", 3, { codec: "avc1" }), injectorCostOf("b", 0)];
    expect(injectorCost(rows, "a", "avc1.640028")?.msPerMegapixel).toBe(3);
    expect(injectorCost(rows, "a", "vp8")?.msPerMegapixel).toBe(5);
    expect(injectorCost(rows, "b", "vp8")).toBeNull();
  });
});

describe("a video that comes later", () => {
  it("is fed by the same rules, and one that was there as planned", () => {
    const input = mediaInput("h264 hevc");
    expect(injectorFor(input, videoFacts("h264")).injector).toBe("webcodecs");
    expect(injectorFor(input, { ...videoFacts("prores"), source: "http://localhost/late.mov" }).injector).toBe("base64");
  });

  it("has no injector where it has no pictures", () => {
    expect(injectorFor(mediaInput(""), { ...videoFacts("h264"), video: null }).injector).toBeNull();
  });

  it("ends an injector that takes pictures from the page's server, where the page would read the video there", () => {
    const shared: InjectorCandidate = { name: "url", traits: { ...injectorTraits.url, sharesPageServer: true }, support: {} };
    const webcodecs: InjectorCandidate = { name: "webcodecs", traits: injectorTraits.webcodecs, support: {} };
    const input = mediaInput("prores", { injectors: [webcodecs, shared] });
    expect(defaultPolicy(input).videos[0]!.injector).toBe("url");
    const late = { ...videoFacts("h264"), source: "http://localhost/late.mp4" };
    let thrown: unknown;
    try {
      injectorFor(input, late);
    } catch (failure) {
      thrown = failure;
    }
    expect(thrown).toMatchObject({ code: "injection-failed", details: { injector: "url", source: late.source } });
    expect(afterFailure(input, defaultPolicy(input), thrown)!.struckOut).toMatchObject([{ part: "url", code: "injection-failed" }]);
    expect(injectorFor(input, { ...late, source: "https://elsewhere.example/late.mp4" }).injector).toBe("webcodecs");
  });
});

describe("sound", () => {
  it("names the mixer, and why", () => {
    const input = mediaInput("");
    const plan = defaultPolicy({ ...input, page: { ...input.page, sound: "declared" } });
    expect(plan.reasons).toContain("sound by ffmpeg: the first mixer in order of preference that works here");
    expect(rejectionOf(plan, "mixer", "page")).toMatchObject({ kind: "not-preferred", reasons: ["ffmpeg comes before it"] });
  });

  it("says of each mixer why nothing is mixed", () => {
    expect(rejectionOf(defaultPolicy(mediaInput("")), "mixer", "ffmpeg")).toMatchObject({
      kind: "not-applicable",
      reasons: ["the page plays nothing that is heard"],
    });
  });

  it.each([
    [{}, {}, "it writes no sound into mp4"],
    [{ mp4: ["aac"] }, { codec: "opus" }, "it writes no sound as opus into mp4"],
    [{ mp4: ["flac"] }, { bitrate: 96_000 }, "it writes no sound into mp4"],
  ] as const)("needs an encoder that writes it: %j for %j", (writesAudio, sound, reason) => {
    const input = mediaInput(
      "",
      { encoders: [ownEncoder("mute", { writesAudio }), ownEncoder("whole", { writesAudio: { mp4: ["aac", "opus"] } })] },
      { sound },
    );
    const heard: PolicyInput = { ...input, page: { ...input.page, sound: "played" } };
    const plan = defaultPolicy(heard);
    expect(plan.encoder).toBe("whole");
    expect(rejectionOf(plan, "encoder", "mute")).toMatchObject({ kind: "unsuitable", reasons: [reason] });
    expect(defaultPolicy(input).encoder).toBe("mute");
    expect(() => defaultPolicy({ ...heard, encoders: heard.encoders.slice(0, 1) })).toThrow(reason);
  });

  it("takes the first codec that the encoder writes, where the job names none", () => {
    const input = mediaInput("", { encoders: [ownEncoder("open", { writesAudio: { mp4: ["opus"] } })] });
    expect(defaultPolicy({ ...input, page: { ...input.page, sound: "played" } }).sound?.audio).toEqual({ codec: "opus", bitrate: 160_000 });
  });
});

describe("after a failure", () => {
  it("of an injector another feeds all videos, also those that it fed well", () => {
    const input = mediaInput("h264 h264");
    const plan = defaultPolicy(input);
    const again = replan(input, plan, injectionFailed("webcodecs", "http://localhost/0.h264", "the decoder died"))!;
    expect(again.videos.map(({ injector }) => injector)).toEqual(["base64", "base64"]);
    expect(rejectionOf(again, "injector", "webcodecs")).toMatchObject({ kind: "struck-out" });
    expect(rejectionOf(again, "encoder", "webcodecs")).toMatchObject({ kind: "not-preferred" });
  });

  it("of a mixer another mixes, and after the last the render ends", () => {
    const input = mediaInput("");
    const heard: PolicyInput = { ...input, page: { ...input.page, sound: "declared" } };
    const failure = soundFailed("ffmpeg", null, "it was killed");
    const next = afterFailure(heard, defaultPolicy(heard), failure)!;
    const plan = defaultPolicy(next);
    expect(plan.sound?.mixer).toBe("page");
    expect(replan(next, plan, soundFailed("page", null, "no room"))).toBeNull();
  });

  it("strikes nothing out where the plan has no such part", () => {
    const input = mediaInput("");
    const plan = defaultPolicy(input);
    expect(afterFailure(input, plan, soundFailed("ffmpeg", null, "it was killed"))).toBeNull();
    expect(afterFailure(input, plan, new RenderError("injection-failed", "It failed for the test"))).toBeNull();
  });

  it("of an encoder the injector of the same name stays", () => {
    const input = mediaInput("h264", {}, { encoder: "webcodecs" });
    const next = { ...input, struckOut: [{ part: "webcodecs", code: "injection-failed", reason: "it failed" } as const] };
    expect(defaultPolicy(next)).toMatchObject({ encoder: "webcodecs", videos: [{ injector: "base64" }] });
  });
});
