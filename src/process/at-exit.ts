const works = new Set<() => void>();

/**
 * Does the work, which must not wait, where this process ends before the answer is called. One listener serves all that a
 * render with many workers leaves behind: Node takes more than ten for a leak, and says so.
 */
export function atExit(work: () => void): () => void {
  if (works.size === 0) process.once("exit", doAll);
  works.add(work);
  return () => {
    if (works.delete(work) && works.size === 0) process.off("exit", doAll);
  };
}

function doAll(): void {
  // Last in, first out: what uses a folder ends before the folder is removed.
  for (const work of [...works].toReversed()) {
    try {
      work();
    } catch {
      // The others have their work to do.
    }
  }
}
