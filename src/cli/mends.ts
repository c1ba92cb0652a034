import { existsSync } from "node:fs";

/** The one command that mends a lack, on this platform. */
export interface Mends {
  readonly browser: string;
  readonly ffmpeg: string;
  /** For captures and encoders that the browser is too old or too small for. */
  readonly newerBrowser: string;
}

export function mendsFor(platform: string = process.platform): Mends {
  const isLinux: boolean = platform === "linux";
  return {
    browser: isLinux ? "npm install @sparticuz/chromium" : "npx playwright install chromium-headless-shell",
    newerBrowser: isLinux ? "npm install @sparticuz/chromium@latest" : "npx playwright@latest install chromium-headless-shell",
    ffmpeg: ffmpegCommand(platform),
  };
}

function ffmpegCommand(platform: string): string {
  if (platform === "darwin") return "brew install ffmpeg";
  if (platform !== "linux" || !existsSync("/usr/bin/apt-get")) return "npm install ffmpeg-static";
  return `${process.getuid?.() === 0 ? "" : "sudo "}apt-get install -y ffmpeg`;
}
