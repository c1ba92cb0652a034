import { FilePathSource, Input, MATROSKA, MP4, MPEG_TS, OGG, QTFF, WEBM, type InputFormat, type InputVideoTrack } from "mediabunny";
import { mediaUnreadable, messageOf } from "../core/errors.ts";
import type { VideoFacts } from "../core/media.ts";

/** What the headers of a video file on this host say. */
export interface VideoFileFacts extends Pick<VideoFacts, "size" | "rotation" | "hasAlpha"> {
  /** From its first moment to its last. */
  readonly durationSeconds: number;
}

/** All but lists of addresses, which would have it open whatever they name. */
const FORMATS: InputFormat[] = [MP4, QTFF, MATROSKA, WEBM, MPEG_TS, OGG];

/**
 * @param name The file's name in messages
 * @throws RenderError `media-unreadable`
 */
export async function videoFileFacts(path: string, name: string = path): Promise<VideoFileFacts> {
  const input = new Input({ source: new FilePathSource(path), formats: FORMATS });
  try {
    const track: InputVideoTrack | null = await input.getPrimaryVideoTrack();
    if (track === null) throw new Error("it holds no pictures");
    return {
      durationSeconds: (await input.computeDuration()) - Math.max(0, await input.getFirstTimestamp()),
      size: { width: Math.round(await track.getDisplayWidth()), height: Math.round(await track.getDisplayHeight()) },
      rotation: await track.getRotation(),
      hasAlpha: await track.canBeTransparent(),
    };
  } catch (thrown) {
    throw mediaUnreadable(name, messageOf(thrown), thrown);
  } finally {
    input.dispose();
  }
}
