/** Path of a segment's file, beside the output and of the same kind. */
export function segmentName(output: string, index: number): string {
  return output.replace(/(\.\w+)?$/, (extension) => `.segment-${index + 1}${extension}`);
}
