/**
 * The addresses that an element may play, in the order in which they are tried, absolute: its `src`, else its `<source>` children.
 * Types that this browser does not know come last: what decodes the file may know them.
 */
export function sourcesOf(media: HTMLMediaElement): string[] {
  if (media.hasAttribute("src")) return media.getAttribute("src") === "" ? [] : [media.src];
  const sources: HTMLSourceElement[] = [...media.children].filter(
    (child): child is HTMLSourceElement => child.localName === "source" && (child as HTMLSourceElement).src !== "",
  );
  const fitting: HTMLSourceElement[] = sources.filter((source) => source.media === "" || matchMedia(source.media).matches);
  const isPlayable = ({ type }: HTMLSourceElement): boolean => type === "" || media.canPlayType(type) !== "";
  return [...fitting.filter(isPlayable), ...fitting.filter((source) => !isPlayable(source))].map(({ src }) => src);
}

/** Seconds at which a file is told to begin by its address, such as `clip.mp4#t=10`; 0 where it says nothing (Media Fragments 4.2.1). */
export function fragmentStart(url: string): number {
  const seconds: number = Number(/^#(?:.*&)?t=(?:npt:)?([\d.]+)/.exec(new URL(url).hash)?.[1] ?? 0);
  return Number.isFinite(seconds) ? seconds : 0;
}
