import type { EncodeRequest } from "../core/encoder.ts";
import { encoderFailed } from "../core/errors.ts";
import { rawFrameBytes, type Frame } from "../core/frame.ts";

/**
 * The bytes of a frame that has pixels, as the request says that they come. A raw one that is too long or too short would
 * shift every later one.
 *
 * @throws RenderError `encoder-failed`
 */
export function frameData(encoder: string, { index, pixels }: Frame, { size, frameFormat }: EncodeRequest): Uint8Array {
  const given: string = pixels === null ? "without pixels" : `as ${pixels.format}`;
  if (pixels === null || pixels.format === "page" || pixels.format !== frameFormat)
    throw encoderFailed(encoder, `frame ${index} came ${given} instead of as ${frameFormat}`);
  const { format, data } = pixels;
  const expected: number | null = format === "RGBA" || format === "I420" ? rawFrameBytes(format, size) : null;
  if (data.byteLength === 0 || (expected !== null && data.byteLength !== expected)) {
    const wanted: string =
      expected === null ? `those of a ${format}` : `${expected}, which ${size.width}×${size.height} in ${format} takes`;
    throw encoderFailed(encoder, `frame ${index} has ${data.byteLength} bytes instead of ${wanted}`, {
      index,
      given: data.byteLength,
      expected,
    });
  }
  return data;
}
