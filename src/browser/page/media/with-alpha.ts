/** Formats with alpha, by those without. */
const alphaFormats: Readonly<Record<string, string>> = {
  I420: "I420A",
  I422: "I422A",
  I444: "I444A",
  I420P10: "I420AP10",
  I422P10: "I422AP10",
  I444P10: "I444AP10",
};

/** One picture of two: the brightness of the second is the alpha of the first. Closes neither. */
export async function withAlpha(color: VideoFrame, alpha: VideoFrame): Promise<VideoFrame> {
  const format: string | undefined = color.format === alpha.format ? alphaFormats[color.format ?? ""] : undefined;
  const { width, height } = color.visibleRect!;
  const isAlike: boolean = alpha.visibleRect!.width === width && alpha.visibleRect!.height === height;
  if (!format || !isAlike) throw new Error(`pictures in ${color.format} cannot take their alpha from pictures in ${alpha.format}`);
  const [colorBytes, alphaBytes] = [color.allocationSize(), alpha.allocationSize()];
  // The alpha plane stands behind those of the colour; behind it lie the chroma planes of the alpha, which nobody looks at.
  const planes = new Uint8Array(colorBytes + alphaBytes);
  await Promise.all([color.copyTo(planes.subarray(0, colorBytes)), alpha.copyTo(planes.subarray(colorBytes))]);
  const { timestamp, duration, displayWidth, displayHeight, colorSpace } = color;
  // TypeScript does not know `transfer` yet (https://www.w3.org/TR/webcodecs/#dictdef-videoframebufferinit).
  const init: VideoFrameBufferInit & { readonly transfer: readonly ArrayBuffer[] } = {
    format: format as VideoPixelFormat,
    ...{ codedWidth: width, codedHeight: height, displayWidth, displayHeight, timestamp },
    ...(duration === null ? {} : { duration }),
    colorSpace: colorSpace.toJSON(),
    transfer: [planes.buffer],
  };
  return new VideoFrame(planes, init);
}
