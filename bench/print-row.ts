import { wayOf, type FailedRow, type MatrixRow } from "./matrix-row.ts";

export function printRow(row: MatrixRow): void {
  const { content, isDefault, container, framesPerSecond, seconds, cpuSeconds, peakMemoryBytes, byteLength, ssim, unsafe } = row;
  const figures: readonly string[] = [
    `${framesPerSecond} frames/s`,
    `${seconds} s`,
    `${cpuSeconds} s of processor time`,
    `${Math.round(peakMemoryBytes / 1e6)} MB of memory`,
    `${(byteLength / 1e6).toFixed(2)} MB of ${container}`,
    ssim === null ? "not compared" : `SSIM ${ssim}`,
    unsafe === null ? "safe" : `unsafe: ${unsafe}`,
  ];
  console.log(`${content}, ${wayOf(row)}${isDefault ? " (default)" : ""}: ${figures.join("; ")}`);
}

export function printFailed({ content, way, reason }: FailedRow): void {
  console.log(`${content}, ${way}: no row: ${reason}`);
}
