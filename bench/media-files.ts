import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findFfmpeg } from "../src/ffmpeg/find.ts";

/** A page full of videos. */
export interface WallScene {
  readonly videos: number;
  readonly columns: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly seconds: number;
  /** Bytes of each file; null leaves it to the encoder. */
  readonly fileBytes: number | null;
}

export interface Wall extends AsyncDisposable {
  readonly page: string;
  readonly folder: string;
}

/** Different films; the other files are copies, which costs a server and a cache as much. */
const FILMS = 3;

const run = promisify(execFile);

/** Makes the videos by ffmpeg, and a page that shows them all at once in a temporary folder, which goes with the wall. */
export async function makeWall(scene: WallScene): Promise<Wall> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-media-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    for (const name of ["media", "out"]) await mkdir(join(folder, name));
    const films: readonly string[] = Array.from({ length: Math.min(FILMS, scene.videos) }, (_, at) => videoPath(folder, at));
    for (const [at, path] of films.entries()) await makeFilm(scene, at, path);
    for (let at = films.length; at < scene.videos; at++) await copyFile(films[at % films.length]!, videoPath(folder, at));
    const page: string = join(folder, "index.html");
    await writeFile(page, pageOf(scene));
    return { page, folder, [Symbol.asyncDispose]: remove };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

function videoPath(folder: string, at: number): string {
  return join(folder, "media", nameOf(at));
}

function nameOf(at: number): string {
  return `${String(at).padStart(2, "0")}.mp4`;
}

async function makeFilm({ size, seconds, fileBytes }: WallScene, at: number, path: string): Promise<void> {
  const { executablePath } = await findFfmpeg();
  const grain: string = fileBytes === null ? "" : ",noise=alls=16:allf=t";
  const film = `testsrc2=size=${size.width}x${size.height}:rate=30:duration=${seconds},hue=h=${at * 120}${grain}`;
  const rate: string = String(Math.round(((fileBytes ?? 0) * 8) / seconds));
  // Filled up to the rate, so that the file has its size whatever it shows.
  const sized: readonly string[] = ["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-x264-params", "nal-hrd=cbr"];
  await run(executablePath, [
    ...["-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi", "-i", film],
    ...["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", ...(fileBytes === null ? [] : sized)],
    ...["-movflags", "+faststart", path],
  ]);
}

function pageOf({ videos, columns, seconds }: WallScene): string {
  const rows: number = Math.ceil(videos / columns);
  const elements: readonly string[] = Array.from(
    { length: videos },
    (_, at) => `<video muted data-start="0" data-duration="${seconds}" src="media/${nameOf(at)}"></video>`,
  );
  return `<!doctype html>
<meta charset="utf-8">
<meta name="framewright" content="width=1920, height=1080, fps=30, duration=${seconds}">
<style>
  body { margin: 0; width: 1920px; height: 1080px; overflow: hidden; background: #14121f; }
  main { display: grid; width: 100%; height: 100%; grid-template: repeat(${rows}, 1fr) / repeat(${columns}, 1fr); gap: 4px; }
  video { width: 100%; height: 100%; min-width: 0; min-height: 0; object-fit: cover; }
</style>
<main>
${elements.join("\n")}
</main>
`;
}
