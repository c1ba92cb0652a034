import { fileArgument } from "./argument.ts";

/**
 * What pages play, by the names of ffmpeg's readers. Others stay shut: a list of addresses under the name of a song would have ffmpeg
 * open whatever it names.
 */
const FORMATS: readonly string[] = [
  ...[
    "aac",
    "ac3",
    "aiff",
    "amr",
    "asf",
    "au",
    "avi",
    "caf",
    "eac3",
    "flac",
    "flv",
    "matroska",
    "mov",
    "mp3",
    "mpeg",
    "mpegts",
    "ogg",
    "wav",
    "w64",
  ],
];

/** A media file that nobody vouches for, as the next input. */
export function mediaInput(path: string): string[] {
  return ["-protocol_whitelist", "file", "-format_whitelist", FORMATS.join(","), "-i", fileArgument(path)];
}
