import { joined, unchanged, type DomChanges } from "../dom-watch.ts";
import type { Adapter, AdapterPage } from "./adapter.ts";

type Turn = NonNullable<Adapter["runs"]>;

interface Known {
  readonly adapter: Adapter;
  readonly turn: Turn;
  /** What changed since it looked last; null before its first look. */
  changes: DomChanges | null;
  isActive: boolean;
}

/** The adapters of one composition, each told of what is new before it seeks. */
export class Adapters {
  readonly #page: AdapterPage;
  readonly #known: Known[] = [];

  constructor(adapters: readonly Adapter[], page: AdapterPage) {
    this.#page = page;
    this.add(adapters);
  }

  add(adapters: readonly Adapter[]): void {
    for (const adapter of adapters) this.#known.push({ adapter, turn: adapter.runs ?? "after-frames", changes: null, isActive: false });
  }

  install(view: Window): void {
    for (const { adapter } of this.#known) adapter.install?.(view, this.#page);
  }

  /** Names of those that have something to drive. */
  get active(): string[] {
    return this.#known.filter(({ isActive }) => isActive).map(({ adapter }) => adapter.name);
  }

  get areSequential(): boolean {
    return this.#known.some(({ adapter }) => adapter.isSequential?.() === true);
  }

  /** When the last animation ends that does; null where none does. */
  get durationSeconds(): number | null {
    const ends: number[] = this.#known.flatMap(({ adapter, isActive }) => (isActive ? (adapter.duration?.() ?? []) : []));
    return ends.length === 0 ? null : Math.max(...ends);
  }

  /** Everybody looks at the whole page. */
  look(): void {
    for (const one of this.#known) {
      one.changes = null;
      this.#discover(one);
    }
  }

  /** While the page loads: those that come before frames take hold of what moves by itself. */
  freeze(): void {
    for (const one of this.#known) {
      if (one.turn !== "before-frames") continue;
      one.changes = null;
      this.#discover(one);
    }
  }

  /** The page has changed something, and the browser may look at it before the next turn. */
  notice(changes: DomChanges): void {
    for (const one of this.#known) {
      if (one.adapter.notice) one.adapter.notice(this.#pageWith(changes));
      else one.changes &&= joined(one.changes, changes);
    }
  }

  /** Those of one turn look at what is new and seek, in the order in which they were given. */
  async seek(turn: Turn, changes: DomChanges): Promise<void> {
    for (const one of this.#known) one.changes &&= joined(one.changes, changes);
    for (const one of this.#known) {
      if (one.turn !== turn) continue;
      this.#discover(one);
      if (!one.isActive) continue;
      const seeking: void | Promise<void> = one.adapter.seek(this.#page.now);
      if (seeking) await seeking;
    }
  }

  #discover(one: Known): void {
    one.isActive = one.adapter.discover(this.#pageWith(one.changes));
    one.changes = unchanged;
  }

  #pageWith(changes: DomChanges | null): AdapterPage {
    // The page object's getters are live: what is laid over it must not read them.
    return Object.create(this.#page, {
      added: { value: changes === null ? null : changes.added },
      restyled: { value: changes === null ? null : changes.restyled },
      hasNewStyles: { value: changes?.hasNewStyles ?? true },
    }) as AdapterPage;
  }
}
