import { existsSync } from "node:fs";

/** The one command that mends a lack, on this platform. */
export interface Mends {
  readonly browser: string;
  readonly ffmpeg: string;
  /** For captures and encoders that the browser is too old or too small for. */
  readonly newerBrowser: string;
  /** For a browser that the system lets make no sandbox. */
  readonly sandbox: string;
}

export function mendsFor(platform: string = process.platform): Mends {
  const isLinux: boolean = platform === "linux";
  return {
    browser: isLinux ? "npm install @sparticuz/chromium" : "npx playwright install chromium-headless-shell",
    newerBrowser: isLinux ? "npm install @sparticuz/chromium@latest" : "npx playwright@latest install chromium-headless-shell",
    ffmpeg: ffmpegCommand(platform),
    sandbox: sandboxCommand(),
  };
}

/** Ubuntu has a rule of its own beside the kernel's. */
function sandboxCommand(): string {
  const isUbuntuRule: boolean = existsSync("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  return `sudo sysctl -w ${isUbuntuRule ? "kernel.apparmor_restrict_unprivileged_userns=0" : "user.max_user_namespaces=10000"}`;
}

function ffmpegCommand(platform: string): string {
  if (platform === "darwin") return "brew install ffmpeg";
  if (platform !== "linux" || !existsSync("/usr/bin/apt-get")) return "npm install ffmpeg-static";
  return `${process.getuid?.() === 0 ? "" : "sudo "}apt-get install -y ffmpeg`;
}
