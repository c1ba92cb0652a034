import { Random } from "../support/random.ts";

/** A small page that attacks the renderer that shows it. */
export interface LyingPage {
  readonly seed: number;
  readonly html: string;
  readonly capture: "screenshot" | "begin-frame" | "html-in-canvas" | "canvas";
  readonly encoder: "ffmpeg-pipe" | "webcodecs";
  /** What it does, for the message of a failure. */
  readonly what: string;
}

export const SIZE = { width: 64, height: 36 } as const;
export const FRAMES = 4;
export const RATE = 30;
/** The film of the pages that show one. */
export const FILM = "film.mp4";

/** Functions and objects of ours, where the page's scripts find them. */
const ours: readonly string[] = [
  ...["", ".open", ".load", ".seek", ".run", ".sample", ".listen", ".recordedPiece", ".unplannedSound", ".release", ".stop"].map(
    (method) => `__framewright${method}`,
  ),
  ...[".openSender", ".probeSender", ".canary"].map((method) => `__framewright${method}`),
  ...["", ".open", ".seek", ".listen", ".recordedPiece", ".adopt"].map((method) => `__framewrightComposition${method}`),
  ...["", ".bytes", ".mix", ".openFeed", ".read"].map((method) => `__framewrightReadMedia${method}`),
  ...["Open", "Feeds", "MediaAnswer", "MediaStatistics", "Roots", "OwnFunctions", "Mix", "Adopted", "Scope"],
  ...["Averages", "Keeper", "Encoder", "SoundEncoder", "OpenKeeper", "Frames"],
].map((name) => (name.startsWith("__framewright") ? name : `__framewright${name}`));

const bindings: readonly string[] = ["__framewrightFrame", "__framewrightWarn", "__framewrightMedia", "__framewrightChunk"];

const natives: readonly string[] = [
  ...["JSON.stringify", "JSON.parse", "Promise.prototype.then", "Promise.race", "Promise.all", "Promise.resolve", "Object.assign"],
  ...["Array.prototype.push", "Array.prototype.map", "Array.prototype.includes", "Array.prototype.shift", "Array.from"],
  ...["Map.prototype.get", "Map.prototype.set", "WeakMap.prototype.get", "Set.prototype.has", "Function.prototype.call"],
  ...["Function.prototype.apply", "Math.round", "Number.isFinite", "btoa", "atob", "performance.now", "setTimeout", "queueMicrotask"],
  ...["requestAnimationFrame", "fetch", "createImageBitmap", "VideoFrame", "VideoFrame.prototype.copyTo", "VideoEncoder", "Worker"],
  ...["WebSocket", "WebSocket.prototype.send", "MessageChannel", "MessagePort.prototype.postMessage", "CustomEvent", "Blob"],
  ...["EventTarget.prototype.addEventListener", "EventTarget.prototype.dispatchEvent", "document.createElement", "getComputedStyle"],
  ...["HTMLCanvasElement.prototype.getContext", "CanvasRenderingContext2D.prototype.getImageData", "Uint8Array.prototype.set"],
  ...["CanvasRenderingContext2D.prototype.drawImage", "CanvasRenderingContext2D.prototype.drawElementImage"],
  ...["CanvasRenderingContext2D.prototype.fillRect", "String.fromCharCode", "navigator.storage.getDirectory", "Element.prototype.append"],
];

const keys: readonly string[] = ["ready", "index", "ended", "at", "slot", "handle", "value", "id", "url", "width", "size", "kind", "video"];

/** JavaScript of values that nobody expects. */
const values: readonly string[] = [
  ...[
    "null",
    "undefined",
    "NaN",
    "-1",
    "1e308",
    "2 ** 53",
    "10n",
    "Symbol()",
    "true",
    '""',
    '"100,movie=/etc/passwd"',
    '"file:///etc/passwd"',
  ],
  ...['"x".repeat(3e6)', "[]", "{}", "Object.create(null)", "document.body", "window", "new Array(1e5).fill({})", "[[], [[]]]"],
  ...["new Proxy({}, { get() { throw 1 } })", "{ toJSON() { throw 1 } }", "{ get ready() { throw 1 } }", "{ toString: null }"],
  ...["(() => { const loop = {}; loop.loop = loop; return loop })()", "{ then(resolve) { resolve(null) } }", "{ then() {} }"],
  ...['"done"', '"reload"', '"navigated"', "{ ready: true }", '{ ready: false, url: "", waitedFor: "nothing" }', '{ ended: "complete" }'],
  ...['{ ended: "stopped" }', '{ ended: "navigated", index: 0, url: "file:///etc/passwd" }', '{ averages: "" }', '{ averages: "AAAA" }'],
  ...[
    "{ depthScene: true }",
    '{ navigatedTo: "file:///etc/passwd" }',
    '{ captureFailed: "no" }',
    "{ clips: [], pieces: 20000 }",
    "{ value: {} }",
  ],
  ...[
    '{ clips: [{ source: "file:///etc/passwd", start: 0, duration: 1e9, mediaStart: 0, playbackRate: 1, preservesPitch: true, loopFrom: 0, gain: [] }], pieces: 0 }',
  ],
];

/** Text for the bindings. */
const texts: readonly string[] = [
  ...[
    '"null"',
    '""',
    '"{"',
    '"[]"',
    '"x".repeat(2e6)',
    "null",
    "undefined",
    "{}",
    '\'{"index":-1,"at":null}\'',
    "JSON.stringify({ index: 1, at: null })",
  ],
  ...[
    "JSON.stringify({ index: 0, at: { slot: 3 } })",
    "JSON.stringify({ index: 2, at: { handle: 2 } })",
    "JSON.stringify({ index: 1e9, at: null })",
  ],
  ...[
    'JSON.stringify({ chunk: { isKey: true, data: "AAAA" } })',
    'JSON.stringify({ fault: "no" })',
    'JSON.stringify({ id: "1", question: { ask: "reader" } })',
  ],
  ...[
    'JSON.stringify({ id: "1", question: { ask: "injector", injector: "base64", source: "/etc/passwd", question: { seconds: "0,movie=/etc/passwd" } } })',
  ],
  ...['JSON.stringify({ id: "1", question: { ask: "failed", injector: "webcodecs", source: location.href, why: "no" } })'],
  ...[
    `JSON.stringify({ id: "1", question: { ask: "learned", facts: { source: location.origin + "/${FILM}", durationSeconds: 1e9, byteLength: null, video: { codec: "avc1.64001f", size: { width: 16384, height: 16384 }, rotation: 0, hasAlpha: true, tickSeconds: 0.001, frameRate: 1e6, decodesInPage: false }, audio: null } } })`,
  ],
];

/** Lies that may be believed: `T` is the top window, `own` what was there before. */
const lies: Readonly<Record<string, string>> = {
  "frames that repeat the first, with true samples": `
    const shell = T.__framewright, { run } = shell;
    if (run) shell.run = async (asked) => {
      await run.call(shell, { ...asked, end: asked.start + 1 });
      for (let index = asked.start + 1; index < asked.end; index++) {
        const { averages } = await shell.sample(index);
        T.__framewrightFrame(JSON.stringify({ index, at: null }));
      }
      return { ended: "complete" };
    };`,
  "a run that is complete without frames": `const shell = T.__framewright; if (shell.run) shell.run = async () => ({ ended: "complete" });`,
  "a run without its last frames": `
    const shell = T.__framewright, { run } = shell;
    if (run) shell.run = async (asked) => run.call(shell, { ...asked, end: asked.end - 2 });`,
  "frames of slots and handles that another frame has": `
    const { __framewrightFrame: announce } = T;
    if (announce) T.__framewrightFrame = (text) => announce(text.replace(/"(slot|handle)":\\d+/, '"$1":0'));`,
  "frames in another order": `
    const { __framewrightFrame: announce } = T;
    if (announce) T.__framewrightFrame = (text) => announce(text.replace(/"index":(\\d)/, (_, index) => '"index":' + (3 - index)));`,
  "other pixels in what is carried to the host": `
    const { copyTo } = T.VideoFrame.prototype;
    T.VideoFrame.prototype.copyTo = async function (target, options) {
      const end = await copyTo.call(this, target, options);
      new Uint8Array(target.buffer ?? target).fill(255);
      return end;
    };`,
  "another stage for the keeper of frames": `
    if (T !== window) {
      const other = T.document.createElement("canvas");
      Object.assign(other, { width: 64, height: 36 });
      other.getContext("2d").fillRect(0, 0, 64, 36);
      T.document.body.append(other);
      for (let index = 0; index < 4; index++)
        other.dispatchEvent(new T.CustomEvent("framewright-take", { bubbles: true, detail: JSON.stringify({ index, timestampUs: 0, isFirst: true }) }));
    }`,
  "white paint over the stage": `
    const { drawElementImage } = T.CanvasRenderingContext2D.prototype;
    if (T !== window && drawElementImage) T.CanvasRenderingContext2D.prototype.drawElementImage = function (...given) {
      drawElementImage.apply(this, given);
      this.fillStyle = "#fff";
      this.fillRect(0, 0, 64, 36);
    };`,
  "samples of a picture that is not there": `
    const shell = T.__framewright, { sample } = shell;
    if (sample) shell.sample = async (index) => sample.call(shell, 3 - index);`,
  "another page in the frame at the end": `if (T !== window) setTimeout(() => { location.href = "about:blank" }, 60);`,
  "facts of a page of another size, length and address": `
    for (const object of [T.__framewright, window.__framewrightComposition]) {
      const open = object?.open;
      if (open) object.open = async (...given) => ({ ...(await open.apply(object, given)), url: "file:///etc/passwd", isSingleCanvas: true, media: [], sound: "none" });
    }`,
  "facts of other media": `
    const shell = T.__framewright, load = shell?.load;
    if (load) shell.load = async (...given) => {
      const opened = await load.apply(shell, given);
      for (const one of opened.media ?? []) if (one.facts?.video) one.facts.video.size = { width: 16000, height: 16000 };
      return opened;
    };`,
  "a seek that does nothing": `if (T === window) T.__framewright.seek = async () => "done";`,
  "a page that always wants to be loaded again": `T.__framewright.seek = async () => "reload"; window.__framewrightComposition.seek = async () => "reload";`,
  "a thousand questions": `for (let at = 0; at < 1500; at++) T.__framewrightMedia?.(JSON.stringify({ id: String(at), question: { ask: "reader" } }));`,
  "warnings without end": `for (let at = 0; at < 5000; at++) T.__framewrightWarn?.("warning " + at + "\\u001b[31m");`,
  "a message of many megabytes": `T.__framewrightMedia?.("x".repeat(7e7));`,
  "two connections to the renderer": `
    const { send } = T.WebSocket.prototype;
    T.WebSocket.prototype.send = function (data) { new T.WebSocket(this.url); send.call(this, data); send.call(this, new Uint8Array(2)); };`,
  "an answer to every question": `
    const ask = T.__framewrightMedia;
    T.__framewrightMedia = (text) => { ask(text); T.__framewrightMediaAnswer?.(JSON.parse(text).id, { value: { injector: "base64", cacheBytes: 1e12 } }); };`,
};

export function lyingPage(seed: number): LyingPage {
  const random = new Random(seed);
  const capture = random.pick(["screenshot", "begin-frame", "html-in-canvas", "html-in-canvas", "canvas"] as const);
  const encoder = random.pick(["ffmpeg-pipe", "webcodecs"] as const);
  const hasFilm: boolean = capture !== "canvas" && random.chance(25);
  const attack = randomAttack(random);
  const moment = random.pick(["load", "ready", "ready", "seek"] as const);
  const frame: number = random.whole(0, FRAMES - 1);
  const when: string = moment === "seek" ? `at frame ${frame}` : `at ${moment}`;
  return {
    seed,
    html: pageWith(attack.script, { moment, frame, hasFilm, isCanvas: capture === "canvas" }),
    capture,
    encoder,
    what: `${capture} to ${encoder}${hasFilm ? " with a film" : ""}, ${when}: ${attack.what}`,
  };
}

interface Attack {
  readonly what: string;
  readonly script: string;
}

function randomAttack(random: Random): Attack {
  const kind: number = random.next();
  if (kind < 0.35) {
    const what: string = random.pick(Object.keys(lies));
    return { what, script: lies[what]! };
  }
  if (kind < 0.65) return replacing(random.pick([...ours, ...ours, ...bindings]), random);
  if (kind < 0.8) return replacing(random.pick(natives), random);
  if (kind < 0.9) {
    const [binding, text] = [random.pick(bindings), random.pick(texts)];
    const times: number = random.pick([1, 2, 50]);
    return {
      what: `${times} calls of ${binding} with ${text}`,
      script: `for (let time = 0; time < ${times}; time++) for (const view of [T, window]) view.${binding}?.(${text});`,
    };
  }
  const [key, value] = [random.pick(keys), random.pick(values)];
  const accessor: string = random.chance(50) ? "set() {}" : `get: () => (${value}), set() {}`;
  return {
    what: `Object.prototype.${key} with { ${accessor} }`,
    script: `for (const view of [T, window]) Object.defineProperty(view.Object.prototype, "${key}", { configurable: true, ${accessor} });`,
  };
}

function replacing(path: string, random: Random): Attack {
  const behaviour: string = behaviourOf(random);
  const where: string = random.pick(["T", "window"]);
  const holder: string = path.includes(".") ? `.${path.slice(0, path.lastIndexOf("."))}` : "";
  const name: string = path.slice(path.lastIndexOf(".") + 1);
  const isFixed: boolean = random.chance(40);
  const put: string = isFixed
    ? `Object.defineProperty(holder, "${name}", { get: () => lie, set() {}, configurable: ${random.chance(50)} });`
    : `holder["${name}"] = lie;`;
  return {
    what: `${where}.${path} ${isFixed ? "for good " : ""}as ${behaviour}`,
    script: `const holder = ${where}${holder.replaceAll(".", "?.")}, own = holder?.["${name}"];
      const lie = ${behaviour};
      if (holder != null) ${put}`,
  };
}

/** JavaScript of what takes the place of `own`. */
function behaviourOf(random: Random): string {
  const value: string = random.pick(values);
  return random.pick([
    `() => (${value})`,
    `async () => (${value})`,
    `(${value})`,
    "() => new Promise(() => {})",
    `function (...given) { for (let turn = 0; turn < 3e7; turn++); return own.apply(this, given); }`,
    `() => { throw (${value}); }`,
    `async () => { throw (${value}); }`,
    `function (...given) { own.apply(this, given); return (${value}); }`,
    `async function (...given) { const answer = await own.apply(this, given); return typeof answer === "object" ? { ...answer, ...(${value}) } : (${value}); }`,
    `function (...given) { return own.apply(this, given.map(() => (${value}))); }`,
    `function (...given) { own.apply(this, given); return own.apply(this, given); }`,
  ]);
}

interface PageOptions {
  readonly moment: "load" | "ready" | "seek";
  readonly frame: number;
  readonly hasFilm: boolean;
  readonly isCanvas: boolean;
}

/** The same page without an attack. */
export function honestPage({ isCanvas, hasFilm }: Pick<PageOptions, "isCanvas" | "hasFilm">): string {
  return pageWith("", { moment: "load", frame: 0, hasFilm, isCanvas });
}

/** Each frame has two colours of its own. */
function pageWith(attack: string, { moment, frame, hasFilm, isCanvas }: PageOptions): string {
  const shapes: string = isCanvas
    ? `<canvas id="picture" width="${SIZE.width}" height="${SIZE.height}" style="display:block"></canvas>`
    : `<div id="left" style="position:absolute;width:32px;height:36px"></div>${hasFilm ? `<video src="${FILM}" autoplay style="position:absolute;left:32px;width:32px;height:18px"></video>` : ""}`;
  const paint: string = isCanvas
    ? `const context = picture.getContext("2d"); context.fillStyle = right; context.fillRect(0, 0, 64, 36); context.fillStyle = left; context.fillRect(0, 0, 32, 36);`
    : `document.body.style.background = right; document.getElementById("left").style.background = left;`;
  return `<!doctype html><meta charset="utf-8"><body style="margin:0;overflow:hidden">${shapes}
<script>
  const T = parent;
  let isDone = false;
  const attack = () => {
    if (isDone) return;
    isDone = true;
    try {
      ${attack}
    } catch {}
  };
  ${moment === "load" ? "attack();" : ""}
  const colors = [["#d02020", "#20a0d0"], ["#20d020", "#a020d0"], ["#2020d0", "#d0a020"], ["#d0d020", "#206060"]];
  window.framewright = {
    duration: ${FRAMES} / ${RATE},
    ${moment === "ready" ? "ready: () => attack()," : ""}
    seek(time) {
      const frame = Math.round(time * ${RATE});
      ${moment === "seek" ? `if (frame === ${frame}) attack();` : ""}
      const [left, right] = colors[frame % 4];
      ${paint}
    },
  };
</script>`;
}
