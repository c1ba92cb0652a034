import { describeRange, isIntegerWithin, isWithinRange, ranges, type NumberRange } from "../core/ranges.ts";
import type { Size } from "../core/frame.ts";

/**
 * Arguments of ffmpeg are text, and much of that text is a language: filter graphs, lists of options, addresses. A value gets there
 * through one of these functions alone: as a number within a range, as a word of a closed set, or as the path of a file.
 */

/** @throws TypeError for anything but an integer within the range */
export function integerArgument(value: unknown, range: NumberRange, what: string): string {
  if (!isIntegerWithin(value, range)) throw invalid(value, what, `an integer from ${describeRange(range)}`);
  return value.toFixed(0);
}

/**
 * A number with a fixed count of decimals: ffmpeg reads no exponents.
 *
 * @throws TypeError for anything but a number within the range
 */
export function decimalArgument(value: unknown, range: NumberRange, what: string, decimals = 6): string {
  if (!isWithinRange(value, range)) throw invalid(value, what, `a number from ${describeRange(range)}`);
  return value.toFixed(decimals);
}

/** @throws TypeError for anything but one of the words */
export function wordArgument<Word extends string>(value: Word, words: Iterable<string>, what: string): Word {
  const known: readonly string[] = [...words];
  if (typeof value !== "string" || !known.includes(value)) throw invalid(value, what, `one of ${known.join(", ")}`);
  return value;
}

/**
 * Width and height, such as "1920x1080".
 *
 * @param between What stands between them: "x" in options, ":" in filters
 * @throws TypeError for anything but integers within their ranges, and for a picture that is too large
 */
export function sizeArgument({ width, height }: Size, between: "x" | ":"): string {
  const text = `${integerArgument(width, ranges.side, "the width")}${between}${integerArgument(height, ranges.side, "the height")}`;
  integerArgument(width * height, ranges.area, "the area");
  return text;
}

/**
 * A file, whatever its name holds: without the protocol, a name that begins with "-" would be an option, and one with a colon an
 * address.
 *
 * @throws TypeError for anything but a path
 */
export function fileArgument(path: string): string {
  if (typeof path !== "string" || path === "" || path.includes("\0")) throw invalid(path, "the path", "the path of a file");
  return `file:${path}`;
}

/**
 * Numbered files of a folder. A per cent sign in the folder's own name would be read as a number.
 *
 * @param pattern A name with one number, such as "%06d.png"
 * @throws TypeError for any other pattern
 */
export function numberedFileArgument({ folder, pattern }: { readonly folder: string; readonly pattern: string }): string {
  // Two per cent signs are one of the name itself.
  const isPattern: boolean = typeof pattern === "string" && /^[^%/\0]*%0?\d*d[^%/\0]*$/.test(pattern.replaceAll("%%", ""));
  if (!isPattern) throw invalid(pattern, "the pattern", 'a name with one number, such as "%06d.png"');
  return `${fileArgument(folder).replaceAll("%", "%%")}/${pattern}`;
}

function invalid(value: unknown, what: string, wanted: string): TypeError {
  const text: string = typeof value === "string" || typeof value === "number" ? JSON.stringify(value) : `a value of type ${typeof value}`;
  return new TypeError(`${what} is ${text.slice(0, 100)} and must be ${wanted}`);
}
