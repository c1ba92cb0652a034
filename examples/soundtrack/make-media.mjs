import { makeFiles } from "../make-with-ffmpeg.mjs";

const SECONDS = 10;
const aac = ["-c:a", "aac", "-b:a", "192k"];
const wav = ["-c:a", "pcm_s16le"];

/** Sines of a chord, one after another every two seconds, softly begun and ended. */
const chords = [
  [220, 261.63, 329.63],
  [174.61, 220, 261.63],
  [130.81, 196, 329.63],
  [196, 246.94, 293.66],
  [220, 261.63, 440],
];
const voice = (hertz, at) => `(sin(2*PI*${hertz}*t)+0.35*sin(4*PI*${hertz}*t))*between(t,${at},${at + 2})*sin(PI*(t-${at})/2)`;
const bed = chords.map((chord, at) => chord.map((hertz) => voice(hertz, at * 2)).join("+")).join("+");
const strokes = [0, 0.5, 1, 1.25, 1.5].map((at) => `exp(-9*mod(t-${at}+2,2))*sin(2*PI*${660 + at * 220}*t)`).join("+");

/** A bed of chords, and bells on the beat. */
export function makeMedia() {
  return makeFiles(new URL("media/", import.meta.url), {
    "bed.m4a": ["-f", "lavfi", "-i", `aevalsrc=exprs='0.09*(${bed})|0.09*(${bed})':s=48000:d=${SECONDS}`, ...aac],
    "bells.wav": ["-f", "lavfi", "-i", `aevalsrc=exprs='0.16*(${strokes})|0.12*(${strokes})':s=48000:d=4`, ...wav],
  });
}
