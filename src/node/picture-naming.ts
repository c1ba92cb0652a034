import { basename, dirname } from "node:path";

/** How the pictures of a folder are named. */
export interface PictureNaming {
  readonly folder: string;
  /** As ffmpeg reads it, such as "%06d.png". */
  readonly pattern: string;
  fileName(index: number): string;
  /** Whether a name is one that `fileName` gives. */
  isPicture(name: string): boolean;
  /** By number. */
  compare(one: string, other: string): number;
}

const NUMBER = /%0?(\d*)d/;
const DIGITS = 6;

/**
 * Reads an output: a pattern such as "frames/shot-%04d.png", or a folder, whose pictures have six digits. A number that
 * needs more digits takes them.
 */
export function namingOf(output: string, extension: string): PictureNaming {
  const isPattern: boolean = NUMBER.test(basename(output));
  const pattern: string = isPattern ? basename(output) : `%0${DIGITS}d${extension}`;
  const { 0: number, 1: width, index: at } = NUMBER.exec(pattern)!;
  const [before, after] = [pattern.slice(0, at), pattern.slice(at + number.length)];
  const fileName = (index: number): string => `${before}${String(index).padStart(Number(width), "0")}${after}`;
  const indexOf = (name: string): number => {
    const digits: string = name.slice(before.length, name.length - after.length);
    const index: number = /^\d+$/.test(digits) ? Number(digits) : NaN;
    return fileName(index) === name ? index : NaN;
  };
  return {
    folder: isPattern ? dirname(output) : output,
    pattern: `${escaped(before)}${number}${escaped(after)}`,
    fileName,
    isPicture: (name) => !Number.isNaN(indexOf(name)),
    compare: (one, other) => indexOf(one) - indexOf(other),
  };
}

/** A percent sign of the name itself. */
function escaped(text: string): string {
  return text.replaceAll("%", "%%");
}
