import type { OpenedComposition, UnreadyComposition } from "../messages.ts";
import { DepthScenes } from "./depth-scenes.ts";
import { paintedRoots } from "./painted-roots.ts";
import { videoSeeks, type VideoSeeks } from "./video-seeks.ts";

/** What a page offers so that it can be rendered. */
interface PageContract {
  readonly duration?: unknown;
  seek(timeSeconds: number): unknown;
}

interface ContractWindow extends Window {
  readonly framewright?: PageContract;
  readonly __hf?: PageContract;
}

const POLL_MS = 10;
/** How long a style sheet that was added after the load event may take. */
const LATE_SHEET_MS = 2_000;
/** A page with more faces than this has them cut into subsets, of which it uses a few: those load when they are shown. */
const FACES_TO_LOAD = 100;

/** Waits until the page offers a contract and everything that it shows has loaded; says what was missing after `limitMs`. */
export async function openComposition(view: Window, limitMs: number): Promise<OpenedComposition | UnreadyComposition> {
  const deadline: number = performance.now() + limitMs;
  const url: string = view.location.href;
  const notReady = (waitedFor: string): UnreadyComposition => ({ ready: false, url, waitedFor });
  if (!(await until(() => view.document.readyState === "complete", deadline))) return notReady("the page's load event");
  if (!(await until(() => contractOf(view) !== null, deadline))) return notReady("window.framewright or window.__hf with a seek function");
  const loaded: string[] | null = await before(deadline, loadEverything(view));
  if (loaded === null) return notReady(describePending(view));
  const { name, duration } = contractOf(view)!;
  return {
    ready: true,
    url: view.location.href,
    duration,
    contract: name,
    isSecureContext: view.isSecureContext,
    hasDepthScene: new DepthScenes().isShownIn(paintedRoots(view)),
    warnings: loaded,
  };
}

/** Brings the page to a time, as the page itself understands it. */
export async function seekComposition(view: Window, timeSeconds: number): Promise<void> {
  const { framewright, __hf } = view as ContractWindow;
  const videos: VideoSeeks = videoSeeks(view);
  await (framewright ?? __hf)!.seek(timeSeconds);
  await videos.shown();
}

function contractOf(view: Window): { name: "framewright" | "__hf"; duration: { number: string } | null } | null {
  for (const name of ["framewright", "__hf"] as const) {
    const contract: PageContract | undefined = (view as ContractWindow)[name];
    if (typeof contract?.seek !== "function") continue;
    return { name, duration: contract.duration === undefined || contract.duration === null ? null : { number: String(contract.duration) } };
  }
  return null;
}

/** Fonts, pictures and style sheets of every document; the answer names those that cannot be had. */
async function loadEverything(view: Window): Promise<string[]> {
  const warnings: string[] = [];
  for (const root of paintedRoots(view)) {
    await Promise.all([
      ...facesOf(root).map((face) => face.load().catch(() => warnings.push(`The font "${face.family}" did not load`))),
      ...[...root.querySelectorAll("img")].map((image) =>
        loadImage(image).catch(() => warnings.push(`The picture ${image.currentSrc || image.src} did not load`)),
      ),
      ...[...root.querySelectorAll<HTMLLinkElement>("link[rel~=stylesheet]")].map((link) =>
        loadSheet(link).catch(() => warnings.push(`The style sheet ${link.href} did not load`)),
      ),
    ]);
  }
  return warnings;
}

/** All faces, also of text that is hidden now: it would show in another font when its time comes. */
function facesOf(root: Document | ShadowRoot): FontFace[] {
  return "fonts" in root && root.fonts.size <= FACES_TO_LOAD ? [...root.fonts] : [];
}

async function loadImage(image: HTMLImageElement): Promise<void> {
  // A lazy picture outside the viewport would load in the middle of the video.
  image.loading = "eager";
  if (image.currentSrc !== "" || image.src !== "") await image.decode();
}

async function loadSheet(link: HTMLLinkElement): Promise<void> {
  if (link.sheet || link.disabled || (link.media !== "" && !matchMedia(link.media).matches)) return;
  await new Promise((resolve, reject) => {
    link.addEventListener("load", resolve, { once: true });
    link.addEventListener("error", reject, { once: true });
    // One that failed before this moment gives no event any more.
    setTimeout(reject, LATE_SHEET_MS);
  });
}

function describePending(view: Window): string {
  const pending: string[] = [];
  for (const root of paintedRoots(view)) {
    if ("fonts" in root)
      pending.push(...[...root.fonts].filter((face) => face.status === "loading").map((face) => `the font "${face.family}"`));
    pending.push(...[...root.querySelectorAll("img")].filter((image) => !image.complete).map((image) => `the picture ${image.src}`));
    pending.push(
      ...[...root.querySelectorAll<HTMLLinkElement>("link[rel~=stylesheet]")]
        .filter((link) => !link.sheet)
        .map((link) => `the style sheet ${link.href}`),
    );
  }
  return pending.length === 0 ? "fonts, pictures and style sheets" : pending.join(", ");
}

async function until(isTrue: () => boolean, deadline: number): Promise<boolean> {
  while (!isTrue()) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

async function before<Value>(deadline: number, work: Promise<Value>): Promise<Value | null> {
  return Promise.race([work, new Promise<null>((resolve) => setTimeout(() => resolve(null), Math.max(0, deadline - performance.now())))]);
}
