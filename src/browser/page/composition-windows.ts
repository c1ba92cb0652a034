/** The windows of a composition: its own, and those of its frames as they come. */
export class CompositionWindows {
  readonly #top: Window;
  readonly #all: Window[] = [];

  constructor(top: Window) {
    this.#top = top;
  }

  /** Takes a window in; false where it was taken in before. */
  add(view: Window): boolean {
    if (wasTaken(view)) return false;
    this.#all.push(view);
    return true;
  }

  /** Those that show something of the composition now. */
  get painted(): Window[] {
    return this.#all.filter(isPainted);
  }

  /** A number that depends on the place of a window alone, for frames load in any order: the same in every capture. */
  placeOf(view: Window): number {
    if (view === this.#top) return 0;
    const { parent } = view;
    let at = 0;
    while (at < parent.length && parent[at] !== view) at++;
    return this.placeOf(parent) * 64 + at + 1;
  }
}

/** Marks the global object: a window that navigates from its first empty document to another of its origin keeps it. */
function wasTaken(view: Window): boolean {
  const marked = view as unknown as Record<string, true | undefined>;
  const isMarked: boolean = marked["__framewrightAdopted"] === true;
  Object.defineProperty(view, "__framewrightAdopted", { value: true, configurable: true });
  return isMarked;
}

/** A frame that went to another origin, or that failed to load, keeps its window and closes it to us. */
function isPainted(view: Window): boolean {
  try {
    return Boolean(view.document.defaultView);
  } catch {
    return false;
  }
}
