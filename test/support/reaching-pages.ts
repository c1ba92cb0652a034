/** Scripts of pages that try to reach what they may not, by every way that a page has. */

/** Offers the contract once the expression's promise is settled; every frame differs from the one before. */
export function pageAfter(work: string): string {
  return `<div id="box" style="position:absolute;width:40px;height:40px;background:#c03"></div>
<script type="module">
  const report = (value) => fetch("/report", { method: "POST", body: JSON.stringify(value) });
  await (${work});
  window.framewright = { duration: 0.2, seek(t) { box.style.left = t * 300 + "px"; globalThis.onSeek?.(t); } };
</script>`;
}

/** Ways that end in a request for a URL of `target`, an expression for an origin; each path is the way's name. */
function ways(target: string): Readonly<Record<string, string>> {
  const loaded = (make: string): string =>
    `new Promise((resolve) => { const element = ${make}; element.onload = element.onerror = resolve; document.body.append(element); })`;
  const link = (way: string, more: string): string =>
    loaded(`Object.assign(document.createElement("link"), { href: ${target} + "/${way}", ${more} })`);
  return {
    fetch: `fetch(${target} + "/fetch", { mode: "no-cors" })`,
    xhr: `new Promise((resolve) => { const request = new XMLHttpRequest(); request.onloadend = resolve; request.open("GET", ${target} + "/xhr"); request.send(); })`,
    img: loaded(`Object.assign(new Image(), { src: ${target} + "/img" })`),
    script: loaded(`Object.assign(document.createElement("script"), { src: ${target} + "/script" })`),
    style: link("style", `rel: "stylesheet"`),
    prefetch: link("prefetch", `rel: "prefetch"`),
    preload: link("preload", `rel: "preload", as: "image"`),
    font: `new FontFace("far", "url(" + ${target} + "/font)").load()`,
    frame: loaded(`Object.assign(document.createElement("iframe"), { src: ${target} + "/frame" })`),
    events: `new Promise((resolve) => { const source = new EventSource(${target} + "/events"); source.onerror = () => { source.close(); resolve(); }; })`,
    beacon: `navigator.sendBeacon(${target} + "/beacon", "text")`,
    socket: `new Promise((resolve) => { new WebSocket(${target}.replace("http", "ws") + "/socket").onerror = resolve; })`,
    worker: `new Promise((resolve) => {
      const code = "fetch('" + ${target} + "/worker', { mode: 'no-cors' }).finally(() => postMessage(0))";
      new Worker(URL.createObjectURL(new Blob([code]))).onmessage = resolve;
    })`,
  };
}

export const wayNames: readonly string[] = Object.keys(ways(""));

/** Tries all ways at once. */
export function tryWays(target: string): string {
  return `Promise.allSettled([${Object.values(ways(JSON.stringify(target))).join(",\n")}])`;
}

/** Gathers addresses with the help of a server, which is sent packets; gives the first one, or null where there is none. */
export function tryWebRtc(port: number): string {
  return `new Promise(async (resolve) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:${port}" }] });
    connection.createDataChannel("");
    connection.onicecandidate = ({ candidate }) => resolve(candidate?.candidate || null);
    await connection.setLocalDescription(await connection.createOffer());
  })`;
}

/** Asks for a session over packets, and does not wait for it: nobody answers. */
export function tryWebTransport(port: number): string {
  return `new WebTransport("https://127.0.0.1:${port}/").ready.catch(() => {})`;
}
