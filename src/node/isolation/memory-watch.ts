import { memoryBytesOf, processTree } from "../../process/process-usage.ts";

const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onExceeded` once when a process and its descendants take more than `limitBytes` together. Does nothing on systems
 * without `/proc`.
 *
 * @returns a function that ends the watch
 */
export function watchMemory(root: number, limitBytes: number, onExceeded: (bytes: number) => void): () => void {
  let isLooking = false;
  const end = (): void => clearInterval(timer);
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const bytes: number = await memoryBytesOf((await processTree(root)) ?? []);
    isLooking = false;
    if (bytes <= limitBytes) return;
    end();
    onExceeded(bytes);
  };
  const timer: ReturnType<typeof setInterval> = setInterval(() => void look(), LOOK_EVERY_MS);
  return end;
}
