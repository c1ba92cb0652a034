import type { PageFacts } from "../capture.ts";
import type { RenderListener } from "../events.ts";
import type { RenderParts } from "../host.ts";
import type { ParsedJob } from "../job.ts";
import type { FileSink, OutputSink } from "../sink.ts";
import type { Timeline } from "../timeline.ts";
import type { Video } from "../video.ts";
import type { Browsers } from "./browsers.ts";
import type { MediaDirector } from "./media-director.ts";
import type { PageOpener } from "./page-opener.ts";
import type { SoundMaker } from "./sound-maker.ts";

/** What a plan is carried out with. */
export interface Stage {
  readonly job: ParsedJob;
  readonly parts: RenderParts;
  readonly browsers: Browsers;
  readonly opener: PageOpener;
  readonly page: PageFacts;
  readonly video: Video;
  readonly sink: OutputSink;
  /** Null where all media is left to the browser. */
  readonly media: MediaDirector | null;
  readonly soundMaker: SoundMaker;
  /** A file for one segment, which is discarded when the segments are joined. */
  openSegment(index: number): Promise<FileSink>;
  readonly timeline: Timeline;
  readonly signal: AbortSignal;
  readonly emit: RenderListener;
  warn(reason: string): void;
}
