// Finds or installs what the tests need: a browser (from the development dependency @sparticuz/chromium where there is none), ffmpeg,
// and two builds of it besides the machine's own.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

function hasFfmpeg() {
  return spawnSync(process.env.FFMPEG_PATH || "ffmpeg", ["-version"], { stdio: "ignore" }).status === 0;
}

function installFfmpeg() {
  const isRoot = process.getuid?.() === 0;
  if (!existsSync("/usr/bin/apt-get") || !isRoot) {
    console.error(
      "The tests need ffmpeg and this set-up can install it only on Debian as root. Install it (brew install ffmpeg, sudo apt-get install ffmpeg, ...) or set FFMPEG_PATH, and run it again",
    );
    process.exit(1);
  }
  console.log("setup: installing ffmpeg with apt-get");
  execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "ffmpeg"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

if (hasFfmpeg()) console.log("setup: ffmpeg is there");
else installFfmpeg();
if (!hasFfmpeg()) throw new Error("ffmpeg still does not start");

// Without scripts: one of the packages would download browsers. Without a lock file: npm writes none that another platform accepts.
const builds = fileURLToPath(new URL("../test/ffmpeg-builds/", import.meta.url));
if (!existsSync(`${builds}node_modules`)) {
  console.log("setup: fetching builds of ffmpeg to try");
  const flags = ["--ignore-scripts", "--no-package-lock", "--no-fund", "--no-audit"];
  execFileSync("npm", ["install", ...flags], { cwd: builds, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });
}
