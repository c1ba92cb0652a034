import { startFfmpeg } from "../../src/ffmpeg/process.ts";

/** A program that starts an ffmpeg that needs nothing of it and would run for hours, says its own part, and waits. */
const [executablePath, output] = process.argv.slice(2);
const args = ["-loglevel", "error", "-nostats", "-progress", "pipe:1", "-y", "-re", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=9999"];
let isRunning = false;
await startFfmpeg(executablePath!, [...args, "-f", "rawvideo", `file:${output}`], {
  onProgress() {
    if (!isRunning) console.log("running");
    isRunning = true;
  },
});
