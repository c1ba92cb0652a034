import { isRenderError, messageOf } from "../core/errors.ts";
import type { MediaFacts } from "../core/media.ts";
import type { Support } from "../core/support.ts";
import { ffmpegDecoders } from "../ffmpeg/build.ts";
import { findFfmpeg, type FfmpegInstall } from "../ffmpeg/find.ts";

/** ffmpeg's decoders by the first part of a WebCodecs name, as in "avc1.64001f". One of them is enough. */
const DECODERS: Readonly<Record<string, readonly string[]>> = {
  avc1: ["h264"],
  avc3: ["h264"],
  hev1: ["hevc"],
  hvc1: ["hevc"],
  vp8: ["vp8", "libvpx"],
  vp09: ["vp9", "libvpx-vp9"],
  vp9: ["vp9", "libvpx-vp9"],
  av01: ["libdav1d", "libaom-av1", "av1"],
};
/** The built-in decoders of these leave transparency out. */
const DECODERS_WITH_ALPHA: Readonly<Record<string, readonly string[]>> = { vp8: ["libvpx"], vp09: ["libvpx-vp9"], vp9: ["libvpx-vp9"] };

/** Says of files whether the ffmpeg that is here decodes their pictures. It is looked for once, however many files there are. */
export function decodingSupport(executablePath: string | undefined): (facts: MediaFacts) => Promise<Support> {
  let found: Promise<FfmpegInstall> | null = null;
  return (facts) => supportBy((found ??= findFfmpeg(executablePath)), facts);
}

async function supportBy(found: Promise<FfmpegInstall>, { source, video }: MediaFacts): Promise<Support> {
  try {
    const install: FfmpegInstall = await found;
    if (video === null) return { ok: false, reasons: [`"${source}" holds no pictures`] };
    const decoders: ReadonlySet<string> = await ffmpegDecoders(install);
    const name: string = video.codec.split(".")[0]!.toLowerCase();
    // What it has no other name for, files and ffmpeg mostly call the same; whether that is so shows at the first picture.
    const able: readonly string[] | undefined = (video.hasAlpha ? DECODERS_WITH_ALPHA[name] : undefined) ?? DECODERS[name];
    const details = { version: install.version, executablePath: install.executablePath };
    if (able === undefined || able.some((decoder) => decoders.has(decoder))) return { ok: true, details };
    const what: string = video.hasAlpha ? `${video.codec} with its transparency` : video.codec;
    return {
      ok: false,
      reasons: [
        `"${install.executablePath}" ${install.version} is built without ${able.join(", ")}, which decodes ${what}: install a full build (on Debian: apt-get install ffmpeg; anywhere: npm install ffmpeg-static) or name one in FFMPEG_PATH`,
      ],
    };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)], ...(isRenderError(thrown) ? { error: thrown } : {}) };
  }
}
