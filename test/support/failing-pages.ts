/** Frames a second of all jobs with these pages: a frame's index is its time times this. */
export const RATE = 30;

/** A box that moves, so that no frame equals the one before. */
export interface MovingPage {
  /** JavaScript for the contract's duration; none is offered where it is null. */
  readonly duration?: string | null;
  /** JavaScript at the beginning of every seek; `frame` is the frame's index. */
  readonly onSeek?: string;
  /** JavaScript before the contract is set. */
  readonly onLoad?: string;
}

export function movingPage({ duration = "10", onSeek = "", onLoad = "" }: MovingPage = {}): string {
  return `<!doctype html>
<body style="margin:0;background:#fff">
<div id="box" style="position:absolute;width:60px;height:60px;background:#c03"></div>
<script>
  ${onLoad}
  window.framewright = {
    ${duration === null ? "" : `duration: ${duration},`}
    seek(t) {
      const frame = Math.round(t * ${RATE});
      ${onSeek}
      box.style.left = (frame % 260) + "px";
      box.style.top = (frame % 120) + "px";
    },
  };
</script>`;
}

/** Nothing but noise, another in each frame: no encoder makes it small. */
export const noisePage: string = `<!doctype html>
<body style="margin:0">
<canvas id="noise" width="320" height="180" style="display:block"></canvas>
<script>
  const context = noise.getContext("2d");
  const picture = context.createImageData(320, 180);
  window.framewright = {
    duration: 10,
    seek(t) {
      let state = Math.round(t * ${RATE}) * 7919 + 1;
      for (let at = 0; at < picture.data.length; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        picture.data[at] = at % 4 === 3 ? 255 : state >>> 24;
      }
      context.putImageData(picture, 0, 0);
    },
  };
</script>`;

/** Loads well, and offers nothing. */
export const pageWithoutContract: string = "<!doctype html><body>Not a composition";

/** Throws before it could offer anything. */
export const throwingPage: string = "<!doctype html><script>throw new TypeError('no such scene: intro')</script>";
