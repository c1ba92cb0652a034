import type { FedElement } from "./fed-element.ts";
import type { MediaLink, OpenedFeed } from "./media-link.ts";

/** What a video is to show. */
export interface WantedPicture {
  readonly fed: FedElement;
  /** Of its file. */
  readonly seconds: number;
  /** What it will probably show next, in order. */
  readonly next: readonly number[];
}

/** A feed that nothing was asked of for so many turns is closed: it holds a decoder. A frame has a few turns. */
const IDLE_TURNS = 240;
/** One that nothing was asked of for so many turns may be followed by others. */
const LEFT_TURNS = 12;

/** A feed of one file, followed by those who show the same time of it. */
class Lane {
  readonly opened: Promise<OpenedFeed | null>;
  turn = 0;
  #ahead = "";

  constructor(opened: Promise<OpenedFeed | null>) {
    this.opened = opened;
    opened.catch(() => {});
  }

  ahead(seconds: readonly number[]): void {
    const key: string = seconds.join();
    if (key === this.#ahead) return;
    this.#ahead = key;
    this.opened.then(
      (opened) => opened?.feed.ahead(seconds),
      () => {},
    );
  }

  close(): void {
    this.opened.then(
      (opened) => opened?.feed.close(),
      () => {},
    );
  }
}

/** The pictures of all videos of a page: one feed for those that show the same, so that each goes forward. */
export class Pictures {
  readonly #link: MediaLink;
  readonly #lanes = new Map<string, Set<Lane>>();
  readonly #laneOf = new WeakMap<FedElement, Lane>();
  #turn = 0;
  #isClosed = false;

  constructor(link: MediaLink) {
    this.#link = link;
  }

  /** Brings videos to their pictures, all at once; gives those whose picture is another one now. */
  async show(wanted: readonly WantedPicture[]): Promise<FedElement[]> {
    this.#turn++;
    const alike = new Map<string, WantedPicture[]>();
    for (const one of wanted) {
      if (one.fed.isShowing(one.seconds)) continue;
      const key = `${one.seconds} ${one.fed.source}`;
      const group: WantedPicture[] = alike.get(key) ?? [];
      group.push(one);
      alike.set(key, group);
    }
    const taken = new Set<Lane>();
    const shows: Promise<FedElement[]>[] = [...alike.values()].map((group) => this.#showAll(group, this.#laneFor(group, taken)));
    const changed: FedElement[] = (await Promise.all(shows)).flat();
    this.#lookAhead(wanted);
    this.#closeIdle();
    return changed;
  }

  close(): void {
    this.#isClosed = true;
    for (const lanes of this.#lanes.values()) for (const lane of lanes) lane.close();
    this.#lanes.clear();
  }

  async #showAll(group: readonly WantedPicture[], lane: Lane): Promise<FedElement[]> {
    const { seconds } = group[0]!;
    const picture: VideoFrame | null = await this.#picture(group[0]!, lane);
    if (picture === null) return [];
    try {
      const shown: readonly boolean[] = await Promise.all(group.map(({ fed }) => fed.show(picture, seconds)));
      return group.flatMap(({ fed }, at) => (shown[at]! ? [fed] : []));
    } finally {
      picture.close();
    }
  }

  async #picture({ fed, seconds }: WantedPicture, lane: Lane): Promise<VideoFrame | null> {
    const opened: OpenedFeed | null = await lane.opened;
    if (opened === null) return null;
    return opened.feed.picture(seconds).catch((thrown: unknown) => {
      // The page goes away: that its pictures end is no fault of theirs.
      if (this.#isClosed) throw thrown;
      return this.#link.fail(opened.injector, fed.source!, thrown);
    });
  }

  /** The one that a group followed before, else one that nobody follows now, else a new one. */
  #laneFor(group: readonly WantedPicture[], taken: Set<Lane>): Lane {
    const { fed } = group[0]!;
    const lanes: Set<Lane> = this.#lanes.get(fed.source!) ?? new Set();
    this.#lanes.set(fed.source!, lanes);
    const isFree = (lane: Lane | undefined): lane is Lane => lane !== undefined && lanes.has(lane) && !taken.has(lane);
    const own: Lane | undefined = group.map((one) => this.#laneOf.get(one.fed)).find(isFree);
    const lane: Lane = own ?? [...lanes].find((one) => isFree(one) && one.turn < this.#turn - LEFT_TURNS) ?? this.#open(fed, lanes);
    taken.add(lane);
    lane.turn = this.#turn;
    for (const one of group) this.#laneOf.set(one.fed, lane);
    return lane;
  }

  #open(fed: FedElement, lanes: Set<Lane>): Lane {
    const { reading } = fed;
    if (reading.state !== "known") throw new Error("What is not known has no pictures");
    const lane = new Lane(this.#link.open(reading.facts, reading.url));
    lanes.add(lane);
    return lane;
  }

  #lookAhead(wanted: readonly WantedPicture[]): void {
    const next = new Map<Lane, number[]>();
    for (const { fed, seconds, next: times } of wanted) {
      const coming: readonly number[] = times.filter((one) => one !== seconds);
      if (coming.length === 0) continue;
      const known: Lane | undefined = this.#laneOf.get(fed);
      const lane: Lane = known && this.#lanes.get(fed.source!)?.has(known) ? known : this.#laneFor([{ fed, seconds, next: [] }], new Set());
      lane.turn = this.#turn;
      const joined: number[] = next.get(lane) ?? [];
      joined.push(...coming);
      next.set(lane, joined);
    }
    for (const [lane, times] of next) lane.ahead([...new Set(times)]);
  }

  #closeIdle(): void {
    for (const lanes of this.#lanes.values()) {
      for (const lane of lanes) {
        if (this.#turn - lane.turn < IDLE_TURNS) continue;
        lanes.delete(lane);
        lane.close();
      }
    }
  }
}
