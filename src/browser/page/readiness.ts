import { realTime } from "./clock/real-time.ts";
import { frameDocument, type PaintedRoot } from "./painted-roots.ts";

/** Something of the page that is waited for. */
export interface Awaited {
  /** What it is, with its URL, for messages. */
  readonly what: string;
  /** Rejects where it cannot be had. */
  readonly arrived: Promise<unknown>;
}

/** A page with more faces than this has them cut into subsets, of which it uses a few: those load when they are shown. */
const FACES_TO_LOAD = 100;
/** How long a style sheet that was added after the load event may take. */
const LATE_SHEET_MS = 2_000;

/**
 * All that a tree shows and that is loaded: faces, pictures, backgrounds, style sheets, and what is to be known of media.
 *
 * @param isFed media that the browser does not load, and that are waited for otherwise
 */
export function resourcesOf(root: PaintedRoot, isFed: (media: HTMLMediaElement) => boolean): Awaited[] {
  const all = <Found extends Element>(selector: string): Found[] => [...root.querySelectorAll<Found>(selector)];
  return [
    ...facesOf(root).map((face) => ({ what: `the font "${face.family}"${urlsOfFace(face, root)}`, arrived: face.load() })),
    ...all<HTMLImageElement>("img").flatMap(pictureOf),
    ...all<SVGImageElement>("image").flatMap(({ href }) =>
      href.baseVal === "" ? [] : [backgroundOf(new URL(href.baseVal, root.baseURI).href)],
    ),
    ...all<HTMLLinkElement>("link[rel~=stylesheet]").map((link) => ({ what: `the style sheet ${link.href}`, arrived: loadSheet(link) })),
    ...all<HTMLMediaElement>("video, audio").flatMap((media) => (isFed(media) ? [] : mediaOf(media))),
    ...[...backgroundsIn(root)].map(backgroundOf),
  ];
}

/** What keeps the load event of a page from coming. */
export function pendingIn(root: PaintedRoot): string[] {
  const all = <Found extends Element>(selector: string): Found[] => [...root.querySelectorAll<Found>(selector)];
  const hasNoEntry = (url: string): boolean => performance.getEntriesByName(url).length === 0;
  return [
    ...("fonts" in root ? [...root.fonts] : [])
      .filter(({ status }) => status === "loading")
      .map((face) => `the font "${face.family}"${urlsOfFace(face, root)}`),
    ...all<HTMLImageElement>("img")
      .filter(({ complete }) => !complete)
      .map(({ currentSrc, src }) => `the picture ${currentSrc || src}`),
    ...all<HTMLLinkElement>("link[rel~=stylesheet]")
      .filter(({ sheet, disabled }) => !sheet && !disabled)
      .map(({ href }) => `the style sheet ${href}`),
    ...all<HTMLScriptElement>("script[src]")
      .filter(({ src }) => hasNoEntry(src))
      .map(({ src }) => `the script ${src}`),
    ...all<HTMLIFrameElement>("iframe")
      .filter((frame) => frameDocument(frame) !== null && !isFrameLoaded(frame))
      .map(({ src }) => `the frame ${src}`),
  ];
}

/** What elements that came or changed in the middle of the video still load: the frame that shows them first waits for it. */
export function lateResourcesOf(elements: readonly Element[]): Awaited[] {
  const loading: Element[] = elements.flatMap((element) =>
    element.isConnected ? [...(element.matches(LOADING) ? [element] : []), ...element.querySelectorAll(LOADING)] : [],
  );
  const backgrounds: string[] = elements.flatMap((element) => {
    const { backgroundImage = "" } = (element as Partial<HTMLElement>).style ?? {};
    return backgroundImage.includes("url(") ? urlsIn(backgroundImage, null, element.getRootNode() as PaintedRoot) : [];
  });
  const others: Awaited[] = loading.flatMap((element) => {
    switch (element.localName) {
      case "img":
        return (element as HTMLImageElement).complete ? [] : pictureOf(element as HTMLImageElement);
      case "link":
        return [{ what: `the style sheet ${(element as HTMLLinkElement).href}`, arrived: loadSheet(element as HTMLLinkElement) }];
      default:
        return [documentOf(element as HTMLIFrameElement | HTMLScriptElement)];
    }
  });
  return [...others, ...[...new Set(backgrounds)].map(backgroundOf)];
}

const LOADING = "img, link[rel~=stylesheet], iframe, script[src]";

/** A frame or a script has no state of its own to ask for: only its event tells. */
function documentOf(element: HTMLIFrameElement | HTMLScriptElement): Awaited {
  const arrived = new Promise((resolve, reject) => {
    element.addEventListener("load", resolve, { once: true });
    element.addEventListener("error", reject, { once: true });
    if (element.localName === "iframe" ? isFrameLoaded(element as HTMLIFrameElement) : performance.getEntriesByName(element.src).length > 0)
      resolve(null);
  });
  return { what: `the ${element.localName} ${element.src}`, arrived };
}

function isFrameLoaded(frame: HTMLIFrameElement): boolean {
  const inner: Document | null = frameDocument(frame);
  // A frame begins as an empty document, which is complete, until its own comes.
  return inner?.readyState === "complete" && (inner.URL !== "about:blank" || frame.getAttribute("src") === null);
}

/**
 * URLs of what comes from another origin: some captures leave it out.
 *
 * @param isFed media whose pictures are the page's own
 */
export function crossOriginIn(root: PaintedRoot, isFed: (media: HTMLMediaElement) => boolean): string[] {
  const { origin } = (root.ownerDocument ?? (root as Document)).defaultView!.location;
  const isForeign = (url: string): boolean => /^https?:/.test(url) && new URL(url).origin !== origin;
  const media = [...root.querySelectorAll<HTMLImageElement | HTMLVideoElement>("img, video")]
    .filter((element) => element.crossOrigin === null && !(element.localName === "video" && isFed(element as HTMLVideoElement)))
    .map((element) => element.currentSrc || element.src);
  const frames = [...root.querySelectorAll("iframe")].filter((frame) => frameDocument(frame) === null).map(({ src }) => src);
  return [...media, ...frames, ...backgroundsIn(root)].filter(isForeign);
}

/** All faces, also of text that is hidden now: it would show in another font when its time comes. */
function facesOf(root: PaintedRoot): FontFace[] {
  return "fonts" in root && root.fonts.size <= FACES_TO_LOAD ? [...root.fonts] : [];
}

/** A face does not tell its URL; its rule does. */
function urlsOfFace({ family, weight, style }: FontFace, root: PaintedRoot): string {
  for (const rule of rulesIn(root)) {
    if (!("style" in rule) || rule.constructor.name !== "CSSFontFaceRule") continue;
    const declared = rule.style as CSSStyleDeclaration;
    const of = (name: string, missing: string): string => declared.getPropertyValue(name) || missing;
    const isIt: boolean =
      unquoted(of("font-family", "")) === unquoted(family) &&
      of("font-weight", "normal") === weight &&
      of("font-style", "normal") === style;
    if (isIt) return ` (${urlsIn(of("src", ""), rule).join(", ")})`;
  }
  return "";
}

function unquoted(text: string): string {
  return text.replaceAll(/^["']|["']$/g, "");
}

function pictureOf(image: HTMLImageElement): Awaited[] {
  // A lazy picture outside the viewport would load in the middle of the video.
  image.loading = "eager";
  if (image.currentSrc === "" && image.src === "") return [];
  return [{ what: `the picture ${image.currentSrc || image.src}`, arrived: image.decode() }];
}

async function loadSheet(link: HTMLLinkElement): Promise<void> {
  // What a server says instead of a sheet is taken for an empty one.
  if (performance.getEntriesByName(link.href).some((entry) => (entry as PerformanceResourceTiming).responseStatus >= 400))
    throw new Error("its server does not have it");
  if (link.sheet || link.disabled || (link.media !== "" && !matchMedia(link.media).matches)) return;
  await new Promise((resolve, reject) => {
    link.addEventListener("load", resolve, { once: true });
    link.addEventListener("error", reject, { once: true });
    // One that failed before this moment gives no event any more.
    realTime.setTimeout(() => reject(new Error("no answer")), LATE_SHEET_MS);
  });
}

function mediaOf(media: HTMLMediaElement): Awaited[] {
  const sources: readonly string[] = [media.src, ...[...media.querySelectorAll("source")].map(({ src }) => src)].filter(
    (src) => src !== "",
  );
  if (sources.length === 0 || media.readyState >= media.HAVE_METADATA) return [];
  if (media.preload === "none") media.preload = "metadata";
  const arrived = new Promise((resolve, reject) => {
    media.addEventListener("loadedmetadata", resolve, { once: true });
    // That of the last source is the end; it does not bubble.
    const last: HTMLElement = media.src === "" ? [...media.querySelectorAll("source")].at(-1)! : media;
    last.addEventListener("error", reject, { once: true });
    if (media.error || media.networkState === media.NETWORK_NO_SOURCE) reject(media.error);
  });
  return [{ what: `the ${media.localName} ${sources.join(", ")}`, arrived }];
}

function backgroundOf(url: string): Awaited {
  const image = new Image();
  image.src = url;
  return { what: `the picture ${url}`, arrived: image.decode() };
}

const PICTURES: readonly string[] = ["background-image", "border-image-source", "list-style-image", "mask-image"];

/** URLs of pictures that style sheets and `style` attributes name. */
function backgroundsIn(root: PaintedRoot): Set<string> {
  const urls = new Set<string>();
  const collect = (style: CSSStyleDeclaration, rule: CSSRule | null): void => {
    // Most declarations name no picture at all.
    if (!style.cssText.includes("url(")) return;
    for (const name of PICTURES) for (const url of urlsIn(style.getPropertyValue(name), rule, root)) urls.add(url);
  };
  for (const rule of rulesIn(root))
    if ("style" in rule && rule.constructor.name !== "CSSFontFaceRule") collect(rule.style as CSSStyleDeclaration, rule);
  for (const element of root.querySelectorAll<HTMLElement>('[style*="url("]')) collect(element.style, null);
  return urls;
}

function* rulesIn(root: PaintedRoot): Generator<CSSRule> {
  for (const sheet of [...root.styleSheets, ...root.adoptedStyleSheets]) yield* rulesOf(sheet);
}

function* rulesOf(holder: CSSStyleSheet | CSSGroupingRule): Generator<CSSRule> {
  let rules: CSSRuleList;
  try {
    rules = holder.cssRules;
  } catch {
    // Rules of another origin are not told.
    return;
  }
  for (const rule of rules) {
    yield rule;
    const { styleSheet } = rule as CSSImportRule;
    if (styleSheet) yield* rulesOf(styleSheet);
    else if ("cssRules" in rule) yield* rulesOf(rule as CSSGroupingRule);
  }
}

/** The addresses in a value, absolute; fragments of the own document are none. */
function urlsIn(value: string, rule: CSSRule | null, root?: PaintedRoot): string[] {
  const base: string = rule?.parentStyleSheet?.href ?? root?.baseURI ?? document.baseURI;
  return [...value.matchAll(/url\(\s*(?:"([^"]*)"|'([^']*)'|([^)]*?))\s*\)/g)]
    .map((match) => (match[1] ?? match[2] ?? match[3])!)
    .filter((url) => !url.startsWith("#") && URL.canParse(url, base))
    .map((url) => new URL(url, base).href);
}
