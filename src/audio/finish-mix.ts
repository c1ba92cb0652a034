import { loudnessMeter, truePeakMeter, type LoudnessMeter, type TruePeakMeter } from "../core/loudness.ts";
import type { SampleRange } from "../core/sample-times.ts";
import type { MixFacts } from "../core/sound.ts";

/** Peaks stay below this where the level is changed: what plays the file later has this much to spare. */
const HIGHEST_PEAK_DB = -1;
/** Differences in LU that nobody would hear. */
const NEGLIGIBLE_LU = 0.05;

/** A sum of sounds, wherever it lies. */
export interface Mix {
  /** The pieces in which it is best read and written. */
  pieces(): SampleRange[];
  /** Samples `[first, end)`, left and right in turn. */
  read(range: SampleRange): Promise<Float32Array>;
  write(first: number, samples: Float32Array): Promise<void>;
}

/** Brings a mix to its loudness by one gain, and cuts off what is above full scale. Nothing else changes it. */
export async function finishMix(
  mix: Mix,
  target: number | null,
  warn: (reason: string) => void,
): Promise<Pick<MixFacts, "loudness" | "peak">> {
  const meter: LoudnessMeter = loudnessMeter();
  const peaks: TruePeakMeter | null = target === null ? null : truePeakMeter();
  for (const piece of mix.pieces()) {
    const samples: Float32Array = await mix.read(piece);
    meter.add(samples);
    peaks?.add(samples);
  }
  const loudness: number | null = meter.loudness();
  const gainDb: number = target === null ? 0 : gainTo(target, loudness, decibels(peaks!.truePeak), warn);
  const peak: number = meter.peak * 10 ** (gainDb / 20);
  if (gainDb === 0 && peak <= 1) return { loudness, peak };
  if (peak > 1)
    warn(
      `The sound is up to ${decibels(peak).toFixed(1)} dB above full scale, and was cut off there: lower the volumes, or give a loudness`,
    );
  return { loudness: await amplify(mix, 10 ** (gainDb / 20)), peak };
}

/** Decibels to a target; fewer where peaks would come too high. */
function gainTo(target: number, loudness: number | null, peakDb: number, warn: (reason: string) => void): number {
  if (loudness === null) {
    warn(`The sound is silent or shorter than 0.4 seconds, and could not be brought to ${target} LUFS`);
    return 0;
  }
  const room: number = HIGHEST_PEAK_DB - peakDb;
  const wanted: number = target - loudness;
  if (wanted <= room + NEGLIGIBLE_LU) return Math.min(wanted, room);
  warn(
    `The sound came to ${(loudness + room).toFixed(1)} LUFS, not to ${target}: any louder, its peaks would be above ${HIGHEST_PEAK_DB} dBTP. Ask for less, or make it more even`,
  );
  return room;
}

/** Gives the loudness that came of it. */
async function amplify(mix: Mix, gain: number): Promise<number | null> {
  const meter: LoudnessMeter = loudnessMeter();
  for (const piece of mix.pieces()) {
    const samples: Float32Array = await mix.read(piece);
    for (let at = 0; at < samples.length; at++) samples[at] = Math.max(-1, Math.min(1, samples[at]! * gain));
    meter.add(samples);
    await mix.write(piece.first, samples);
  }
  return meter.loudness();
}

function decibels(level: number): number {
  return 20 * Math.log10(level);
}
