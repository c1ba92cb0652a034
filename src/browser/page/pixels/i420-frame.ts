const BT709: VideoColorSpaceInit = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false };

/** A WebCodecs frame of our converter's planes, which are copied. The caller closes it. */
export function i420Frame(planes: Uint8Array<ArrayBuffer>, codedWidth: number, codedHeight: number, timestamp: number): VideoFrame {
  return new VideoFrame(planes, { format: "I420", codedWidth, codedHeight, timestamp, colorSpace: BT709 });
}
