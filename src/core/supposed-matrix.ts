/** Chromium takes smaller pictures that do not say what they are for BT.601, and larger ones for BT.709; of VP9 and AV1 all for BT.601. */
const HD_HEIGHT = 720;

/**
 * What Chromium's own player takes pictures for that do not say how their colours are coded. Seen in Chromium 156 with H.264, VP8,
 * VP9 and AV1 of 180 and of 720 lines.
 *
 * @param codec Its name as WebCodecs or ffmpeg writes it
 */
export function supposedMatrix(codec: string, height: number): "smpte170m" | "bt709" {
  return /^(vp0?9|av0?1)/.test(codec) || height < HD_HEIGHT ? "smpte170m" : "bt709";
}
