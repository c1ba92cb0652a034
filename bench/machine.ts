import { cpus, platform, release, totalmem } from "node:os";
import { findBrowser } from "../src/browser/find.ts";
import { launchBrowser } from "../src/browser/launch.ts";
import { findFfmpeg } from "../src/ffmpeg/find.ts";

/** The facts without which a figure says nothing. JSON. */
export interface MachineFacts {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly runtime: string;
  readonly browser: string;
  readonly ffmpeg: string;
}

export async function machineFacts(): Promise<MachineFacts> {
  const [install, ffmpeg] = await Promise.all([findBrowser(), findFfmpeg()]);
  await using browser = await launchBrowser({ executablePath: install.executablePath, flags: [] });
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()}`,
    runtime: `node ${process.version}`,
    browser: `${browser.product} (${install.foundIn})`,
    ffmpeg: ffmpeg.version,
  };
}
