/** "0.013 MB", "2.31 MB", "148 MB". */
export function megabytes(bytes: number): string {
  return `${significant(bytes / 1e6)} MB`;
}

/** "0.33 s", "6 s", "75.2 s". */
export function seconds(value: number): string {
  return `${significant(value)} s`;
}

export function rate(framesPerSecond: number): string {
  return `${significant(framesPerSecond)} frames/s`;
}

/** "0:07", "12:30", "1:02:03": what a clock shows. */
export function clock(value: number): string {
  const whole: number = Math.round(value);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part: number): string => String(part).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function counted(count: number, one: string): string {
  return `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`;
}

/** Three digits, two below 1, and never fewer than the whole part has. */
function significant(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}

/** "0.51 GB", "24.1 GB". */
export function gigabytes(bytes: number): string {
  return `${significant(bytes / 1e9)} GB`;
}
