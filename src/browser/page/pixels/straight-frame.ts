/**
 * A WebCodecs frame of what a canvas shows, with straight alpha. Chromium's own frame of a canvas gives the colours of
 * half-transparent pixels premultiplied, where it says nothing of it. The caller closes it.
 */
export function straightFrame(context: CanvasRenderingContext2D, timestamp: number): VideoFrame {
  const { width, height } = context.canvas;
  const { data } = context.getImageData(0, 0, width, height);
  const init: VideoFrameBufferInit & { transfer: ArrayBuffer[] } = {
    format: "RGBA",
    codedWidth: width,
    codedHeight: height,
    timestamp,
    transfer: [data.buffer],
  };
  return new VideoFrame(data, init);
}
