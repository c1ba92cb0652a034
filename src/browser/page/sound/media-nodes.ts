import type { Stretch } from "../media/stretches.ts";
import type { LiveContext } from "./live-context.ts";

/** The browser's own, from before the page's were replaced: the page knows nothing of these sources. */
const { start } = AudioBufferSourceNode.prototype;
const { stop } = AudioScheduledSourceNode.prototype;

/** What is known of the media of a page, as far as it is heard. */
export interface MediaToHear {
  readonly stretches: readonly Stretch[];
  /** Where the page reaches the bytes of an element. */
  urlOf(element: HTMLMediaElement): string;
  /** How loud it is now; 1 is as the file has it. */
  levelOf(element: HTMLMediaElement): number;
  /** The page's time, in milliseconds, at a time of the video. */
  pageMsAt(videoSeconds: number): number;
}

/** A media element whose sound goes through a context. */
interface MediaNode {
  readonly element: HTMLMediaElement;
  readonly live: LiveContext;
  readonly output: GainNode;
  readonly playing: Map<Stretch, AudioBufferSourceNode>;
  level: number;
}

/**
 * Media elements that play through an AudioContext. A context that renders in step hears no element of the browser's, so that each
 * file is decoded whole, and played from memory as the element plays.
 */
export class MediaNodes {
  readonly #media: MediaToHear;
  readonly #warn: (reason: string) => void;
  readonly #nodes = new Map<HTMLMediaElement, MediaNode>();
  /** Null where it is not there yet. */
  readonly #buffers = new Map<string, AudioBuffer | null>();
  /** Files that could not be read: they are heard by themselves. */
  readonly #unread = new Set<string>();

  constructor(media: MediaToHear, warn: (reason: string) => void) {
    this.#media = media;
    this.#warn = warn;
  }

  open(live: LiveContext, element: HTMLMediaElement): AudioNode {
    const node: MediaNode = { element, live, output: live.context.createGain(), playing: new Map(), level: 1 };
    this.#nodes.set(element, node);
    // A source may come later.
    if (this.#media.urlOf(element) !== "") this.#fetch(node);
    return Object.assign(node.output, { mediaElement: element });
  }

  /** Whether the element is heard through a context, and not by itself. */
  carry(element: HTMLMediaElement): boolean {
    return this.#nodes.has(element) && !this.#unread.has(this.#media.urlOf(element));
  }

  /** Lets the elements of a context play as they do by now. */
  follow(live: LiveContext): void {
    for (const node of this.#nodes.values()) if (node.live === live) this.#follow(node);
  }

  #follow(node: MediaNode): void {
    const { element, live, playing } = node;
    const stretches: readonly Stretch[] = this.#media.stretches.filter((one) => one.element === element);
    for (const stretch of stretches) {
      if (!playing.has(stretch)) this.#begin(node, stretch);
      else if (stretch.end !== null) this.#stop(node, stretch, stretch.end);
    }
    for (const stretch of playing.keys()) if (!stretches.includes(stretch)) this.#stop(node, stretch, 0);
    const level: number = this.#media.levelOf(element);
    if (level !== node.level) node.output.gain.setValueAtTime(level, live.time.exactSeconds);
    node.level = level;
  }

  #begin(node: MediaNode, stretch: Stretch): void {
    const buffer: AudioBuffer | null = this.#fetch(node);
    if (!buffer) return;
    const { live, output, playing } = node;
    const source: AudioBufferSourceNode = live.context.createBufferSource();
    source.buffer = buffer;
    source.playbackRate.value = stretch.playbackRate;
    if (stretch.loopFrom !== null) Object.assign(source, { loop: true, loopStart: stretch.loopFrom, loopEnd: buffer.duration });
    if (stretch.playbackRate !== 1 && stretch.element.preservesPitch)
      this.#warn(
        `The ${stretch.element.localName} ${this.#media.urlOf(stretch.element)} plays through an AudioContext at a rate of ${stretch.playbackRate}, which changes its pitch`,
      );
    source.connect(output);
    const wanted: number = live.time.at(this.#media.pageMsAt(stretch.start));
    // What began before the context, or before its file was there, has gone on meanwhile.
    const begins: number = Math.max(wanted, live.lockstep.renderedSeconds);
    start.call(source, begins, wrapped(stretch.mediaStart + (begins - wanted) * stretch.playbackRate, stretch.loopFrom, buffer.duration));
    playing.set(stretch, source);
    if (stretch.end !== null) this.#stop(node, stretch, stretch.end);
  }

  #stop({ live, playing }: MediaNode, stretch: Stretch, videoSeconds: number): void {
    stop.call(playing.get(stretch)!, Math.max(0, live.time.at(this.#media.pageMsAt(videoSeconds))));
  }

  /** The samples of what the element plays now; null until they are there. The page's requests wait for them. */
  #fetch({ element, live }: MediaNode): AudioBuffer | null {
    const url: string = this.#media.urlOf(element);
    const known: AudioBuffer | null | undefined = this.#buffers.get(url);
    if (known !== undefined) return known;
    this.#buffers.set(url, null);
    void this.#decode(live.context, element.ownerDocument.defaultView ?? window, url);
    return null;
  }

  async #decode(context: BaseAudioContext, view: Window, url: string): Promise<void> {
    try {
      const response: Response = await view.fetch(url);
      if (!response.ok) throw new Error(`its server answered with status ${response.status}`);
      this.#buffers.set(url, await context.decodeAudioData(await response.arrayBuffer()));
    } catch (thrown) {
      this.#unread.add(url);
      const why: string = thrown instanceof Error ? thrown.message : String(thrown);
      this.#warn(`The sound of ${url} is heard without the effects of the page's AudioContext, for it cannot be decoded: ${why}`);
    }
  }
}

/** A time of the file where it begins anew at its end. */
function wrapped(seconds: number, loopFrom: number | null, duration: number): number {
  if (loopFrom === null || seconds < duration || duration <= loopFrom) return seconds;
  return loopFrom + ((seconds - loopFrom) % (duration - loopFrom));
}
