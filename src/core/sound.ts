import type { BrowserPage } from "./browser.ts";
import type { Container } from "./formats.ts";
import type { MediaFacts } from "./media.ts";
import type { Support } from "./support.ts";

/** All sound is mixed at this rate, in two channels. */
export const SAMPLE_RATE = 48_000;
export const CHANNELS = 2;

/** A level of a clip at a time of the video; between two points it goes in a straight line. */
export interface GainPoint {
  readonly seconds: number;
  /** 1 is as the file has it. */
  readonly gain: number;
}

/** One stretch of sound of one file. Times are seconds of the video unless said. JSON. */
export interface SoundClip {
  /** The key of its `MediaFacts`. */
  readonly source: string;
  readonly start: number;
  readonly duration: number;
  /** Seconds of the file at which the clip begins. */
  readonly mediaStart: number;
  /** Seconds of the file that pass in one of the video; 0.1 to 5. */
  readonly playbackRate: number;
  /** Speech at twice the speed stays as low as it was. True unless the page says otherwise. */
  readonly preservesPitch: boolean;
  /** Where it begins anew at the end of the file, in seconds of the file; null where it ends there. */
  readonly loopFrom: number | null;
  /** Rising times; where two points share one, the level steps. Before the first the level is that of the first, after the last that of the last; none is 1 throughout. */
  readonly gain: readonly GainPoint[];
}

/** Sound that the page made itself, by WebAudio, from the beginning of the video on. */
export interface SoundRecording {
  readonly sampleRate: number;
  /** Samples from -1 to 1, one array a channel. */
  readonly channels: readonly Float32Array[];
  /** When its first sample is heard, in seconds of the video. */
  readonly start: number;
}

/** All that is heard in a video. */
export interface SoundScore {
  readonly clips: readonly SoundClip[];
  readonly recordings: readonly SoundRecording[];
}

export type AudioCodec = "aac" | "opus" | "flac" | "pcm";

/** What an encoder is asked to write beside the pictures. JSON. */
export interface AudioRequest {
  readonly codec: AudioCodec;
  /** Bits a second; null for codecs without loss. */
  readonly bitrate: number | null;
}

/** The codecs of each container; the first is taken unless the job names one. Moving pictures hold no sound. */
export const audioCodecs: Readonly<Partial<Record<Container, readonly AudioCodec[]>>> = {
  mp4: ["aac", "opus", "flac"],
  webm: ["opus"],
  mov: ["aac", "pcm"],
  mkv: ["aac", "opus", "flac", "pcm"],
};

/** Bits a second where the job says nothing. */
export const audioBitrates: Readonly<Record<AudioCodec, number | null>> = { aac: 192_000, opus: 160_000, flac: null, pcm: null };

export interface MixRequest {
  readonly score: SoundScore;
  /** How many samples of each channel there shall be: as long as the pictures, to the sample. */
  readonly sampleCount: number;
  /** Integrated loudness to come to, in LUFS (EBU R128); null leaves the level as it is. */
  readonly loudness: number | null;
}

export interface MixContext {
  /** The whole file of a source on this host. @throws RenderError `media-unreadable` */
  path(source: string): Promise<string>;
  /** What its headers say; null where nobody read them. A loop goes on from where they say that the file ends. */
  facts(source: string): MediaFacts | null;
  /** A page that has the composition open: for mixers that run in pages. They may fetch there what it may fetch. */
  readonly page: BrowserPage;
  readonly signal: AbortSignal;
  /** Longest silence in milliseconds while the mixer works. */
  readonly inactivityTimeoutMs: number;
  warn(reason: string): void;
}

/** The finished mix: 48,000 samples a second, two channels, 32-bit float. Whoever asked for it closes it. */
export interface MixedSound extends AsyncDisposable {
  readonly sampleCount: number;
  /** A WAV file of it on this host; null where the runtime has no files. */
  readonly path: string | null;
  /** Samples `[start, end)`, left and right in turn. */
  read(start: number, end: number): Promise<Float32Array>;
  readonly facts: MixFacts;
}

/** What was heard. JSON. */
export interface MixFacts {
  readonly mixer: string;
  readonly clips: number;
  readonly recordings: number;
  /** Of the mix as it came out, in LUFS; null where nobody measured it, or all is silent. */
  readonly loudness: number | null;
  /** The largest sample, 1 being full scale; what is above is cut off, with a warning. */
  readonly peak: number;
}

/** Makes one sound of many. A plain object, made by a factory. */
export interface AudioMixer {
  readonly contract: 1;
  readonly name: string;
  readonly traits: { readonly runsIn: "process" | "page" };
  probe(context: { readonly signal?: AbortSignal }): Promise<Support>;
  /** @throws RenderError `media-unreadable`, `sound-failed`, `disk-full`, `aborted` */
  mix(request: MixRequest, context: MixContext): Promise<MixedSound>;
}
