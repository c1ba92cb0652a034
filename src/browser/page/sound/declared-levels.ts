import { finite, positive } from "../hyperframes/clip-times.ts";
import { product, type Envelope } from "./envelope.ts";

/** The most that an attribute raises a level: 12 dB. */
const HIGHEST_LEVEL: number = 10 ** (12 / 20);

/** What the attributes of an element say of its level; `data-volume` is 1 where it says nothing. */
export interface DeclaredLevels {
  readonly volume: number;
  /** Over the time of the video, in the place of `data-volume`; null where there is none. */
  readonly keyframes: Envelope | null;
  /** The same that lowers it besides. */
  readonly ducking: Envelope | null;
  /** In seconds from its beginning, in the place of `data-volume`. */
  readonly automation: Envelope | null;
  readonly fadeInSeconds: number;
  readonly fadeOutSeconds: number;
}

export function declaredLevels(element: Element, warn: (reason: string) => void): DeclaredLevels {
  const read = (name: string): string | null => element.getAttribute(name);
  const group: Element | null = groupOf(element);
  const groupVolume: number = group?.hasAttribute("data-hidden") ? 0 : volumeIn(group?.getAttribute("data-volume") ?? null, warn);
  const points = (name: string): Envelope | null => keyframesIn(name, read(name), warn);
  if (read("data-fx-chain") !== null || group?.hasAttribute("data-fx-chain"))
    warn(`The effects of <${element.localName} id="${element.id}"> are not heard: data-fx-chain is not understood`);
  const grouped: Envelope | null = groupVolume === 1 ? null : [{ seconds: 0, gain: groupVolume }];
  const ducking: Envelope | null = points("data-hf-duck-keyframes");
  return {
    volume: volumeIn(read("data-volume"), warn),
    keyframes: points("data-volume-keyframes"),
    ducking: grouped && ducking ? product(grouped, ducking) : (grouped ?? ducking),
    automation: automationIn(read("data-automation"), warn),
    fadeInSeconds: positive(read("data-fade-in")) ?? 0,
    fadeOutSeconds: positive(read("data-fade-out")) ?? 0,
  };
}

/** The level over a clip, in seconds of the video. */
export function levelOver(levels: DeclaredLevels, start: number, end: number): Envelope {
  const { volume, keyframes, automation, ducking } = levels;
  const declared: Envelope =
    automation?.map(({ seconds, gain }) => ({ seconds: seconds + start, gain })) ?? startingWith(volume, start, keyframes);
  const faded: Envelope = product(declared, fades(levels, start, end));
  return ducking ? product(faded, ducking) : faded;
}

/** Until the first keyframe the level moves there from that of the attribute. */
function startingWith(volume: number, start: number, keyframes: Envelope | null): Envelope {
  if (keyframes === null) return [{ seconds: start, gain: volume }];
  return keyframes[0]!.seconds > start ? [{ seconds: start, gain: volume }, ...keyframes] : keyframes;
}

/** Fades that are longer than the clip meet inside it. */
function fades({ fadeInSeconds, fadeOutSeconds }: DeclaredLevels, start: number, end: number): Envelope {
  const shrink: number = Math.min(1, (end - start) / (fadeInSeconds + fadeOutSeconds || 1));
  const into: Envelope = [
    { seconds: start, gain: 0 },
    { seconds: start + fadeInSeconds * shrink, gain: 1 },
  ];
  const out: Envelope = [
    { seconds: end - fadeOutSeconds * shrink, gain: 1 },
    { seconds: end, gain: 0 },
  ];
  const flat: Envelope = [{ seconds: start, gain: 1 }];
  return product(fadeInSeconds > 0 ? into : flat, fadeOutSeconds > 0 ? out : flat);
}

function groupOf(element: Element): Element | null {
  const id: string | null = element.getAttribute("data-audio-group");
  return id === null ? null : element.ownerDocument.querySelector(`hf-audio-group[id="${CSS.escape(id)}"]`);
}

function volumeIn(text: string | null, warn: (reason: string) => void): number {
  const value: number | null = finite(text);
  if (value === null && text !== null) warn(`data-volume="${text}" is no number, and counts as 1`);
  return limited(value ?? 1, warn);
}

function limited(value: number, warn: (reason: string) => void): number {
  if (value > HIGHEST_LEVEL) warn(`The level ${value} is above what is played, and counts as ${HIGHEST_LEVEL.toFixed(2)} (12 dB)`);
  return Math.min(HIGHEST_LEVEL, Math.max(0, value));
}

function keyframesIn(name: string, text: string | null, warn: (reason: string) => void): Envelope | null {
  return pointsIn(name, text, ({ time, volume }) => [time, volume], warn);
}

/** Of the lanes of HyperFrames the one of the volume; its bends are drawn straight. */
function automationIn(text: string | null, warn: (reason: string) => void): Envelope | null {
  const { lanes } = ((text === null ? null : parsed(text)) as { lanes?: unknown }) ?? {};
  if (!Array.isArray(lanes)) return null;
  const lane = (lanes as { target?: unknown; points?: unknown }[]).find(({ target }) => target === "volume");
  return lane ? pointsIn("data-automation", JSON.stringify(lane.points), ({ t, v }) => [t, v], warn) : null;
}

/** Points with numbers, in order; null where there are none. */
function pointsIn(
  name: string,
  text: string | null,
  read: (item: Readonly<Record<string, unknown>>) => readonly [unknown, unknown],
  warn: (reason: string) => void,
): Envelope | null {
  if (text === null) return null;
  const items: unknown = parsed(text);
  const points = (Array.isArray(items) ? (items as Readonly<Record<string, unknown>>[]) : [])
    .map((item) => read(item ?? {}))
    .filter((pair): pair is readonly [number, number] => pair.every(Number.isFinite))
    .map(([seconds, gain]) => ({ seconds, gain: limited(gain, warn) }))
    .toSorted((one, other) => one.seconds - other.seconds);
  if (points.length > 0) return points;
  warn(`${name}="${text}" has no points, and is left out: write [{"time": 0, "volume": 1}, {"time": 2, "volume": 0.5}]`);
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
