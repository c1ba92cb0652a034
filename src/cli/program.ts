import { Command, CommanderError, Option } from "commander";
import { builtInParts } from "../node/render.ts";
import packageFacts from "../../package.json" with { type: "json" };
import { benchCommand, type BenchFlags } from "./bench-command.ts";
import { doctorCommand, type DoctorFlags } from "./doctor-command.ts";
import { EXIT_DONE, EXIT_USAGE, exitCodesHelp } from "./exit-codes.ts";
import { exitCodeOf, failureOf, printFailure } from "./failure.ts";
import { printJsonError } from "./json-view.ts";
import { planCommand } from "./plan-command.ts";
import { err, out } from "./print.ts";
import { renderCommand, type RenderFlags } from "./render-command.ts";

/** Reads the command line, does what it asks, and answers with the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_DONE;
  const program: Command = commandLine((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (thrown) {
    return endedEarly(thrown, args);
  }
}

/** commander throws for --help and --version as well. */
function endedEarly(thrown: unknown, args: readonly string[]): number {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return EXIT_DONE;
    // Without any command it has printed the help.
    if (thrown.code === "commander.help") return EXIT_USAGE;
  }
  if (args.includes("--json")) printJsonError(thrown);
  printFailure(thrown);
  if (thrown instanceof CommanderError) err.line(`Run \`${helpFor(args)}\` to see what can be given`);
  return exitCodeOf(failureOf(thrown));
}

function helpFor([command]: readonly string[]): string {
  return command !== undefined && ["render", "plan", "doctor", "bench"].includes(command)
    ? `framewright ${command} --help`
    : "framewright --help";
}

function commandLine(onEnd: (exitCode: number) => void): Command {
  const program = new Command("framewright")
    .description("Renders a web page to a video, frame by frame, exactly")
    .version(packageFacts.version, "-v, --version", "print the version")
    .addHelpOption(helpOption())
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.lines(text.trimEnd()),
      writeErr: (text) => err.lines(text.trimEnd()),
      // Errors are printed in one place, in one form.
      outputError: () => {},
    });
  program
    .addCommand(renderParser(program, onEnd))
    .addCommand(planParser(program, onEnd))
    .addCommand(doctorParser(program, onEnd))
    .addCommand(benchParser(program, onEnd));
  return program.addHelpText(
    "after",
    `
Example:
  $ framewright render page.html -o video.mp4 --fps 30

Any page will do: its time is made to stand still between frames. One that says more
offers window.framewright = { duration, seek(t) }, in seconds.
${exitCodesHelp}`,
  );
}

function helpOption(): Option {
  return new Option("-h, --help", "print this help");
}

function renderParser(program: Command, onEnd: (exitCode: number) => void): Command {
  return jobOptions(
    new Command("render")
      .copyInheritedSettings(program)
      .description("Render a page to a video")
      .addHelpOption(helpOption().helpGroup("Other:")),
  )
    .optionsGroup("Other:")
    .option("--trace <file>", "write what was done when, for chrome://tracing or Perfetto")
    .option("--json", "one JSON object a line on standard output: each event, then the result or the error")
    .action(async (page: string, flags: RenderFlags) => onEnd(await renderCommand(page, flags)))
    .addHelpText(
      "after",
      `
Examples:
  $ framewright render page.html
  $ framewright render page.html -o video.mp4 --width 1280 --height 720 --fps 60
  $ framewright render page.html -o overlay.mov
  $ framewright render page.html -o frames/%05d.png
  $ framewright render https://example.com/intro -o intro.mp4 --duration 10
${exitCodesHelp}`,
    );
}

function planParser(program: Command, onEnd: (exitCode: number) => void): Command {
  return jobOptions(
    new Command("plan")
      .copyInheritedSettings(program)
      .description("Show how a page would be rendered, and why: opens it and tries the parts, and writes nothing")
      .addHelpOption(helpOption().helpGroup("Other:")),
  )
    .optionsGroup("Other:")
    .option("--json", "one JSON object on standard output: the plan, and all that it was made from")
    .action(async (page: string, flags: RenderFlags) => onEnd(await planCommand(page, flags)))
    .addHelpText(
      "after",
      `
Example:
  $ framewright plan page.html -o video.webm
${exitCodesHelp}`,
    );
}

/** What a job is made of, in every command that takes one. */
function jobOptions(command: Command): Command {
  const { captures, encoders, injectors } = builtInParts();
  const names = (parts: readonly { readonly name: string }[]): string[] => parts.map(({ name }) => name);
  return command
    .argument("<page>", "HTML file, folder with an index.html, or URL")
    .optionsGroup("Video:")
    .option(
      "-o, --output <file>",
      "where the video goes: .mp4, .webm, .mov, .mkv, .gif, .webp, .apng, or pictures such as frames/%05d.png (default: the page's name with .mp4, in the current folder)",
    )
    .option("--fps <rate>", "frames a second, such as 30, 29.97 or 30000/1001 (default: the page's own, or 30)")
    .option("--width <pixels>", "with --height (default: the page's own, or 1920)")
    .option("--height <pixels>", "with --width (default: the page's own, or 1080)")
    .option("--duration <seconds>", "length of the video (default: the page's own, or the end of its animations)")
    .option("--format <name>", "the format where the output's name does not tell it, such as png-sequence for a folder")
    .option("--codec <name>", "codec inside the format, such as hevc, av1, vp9, prores-422, ffv1 (default: the format's first)")
    .option("--alpha", "keep the page's transparency (default for .mov, .apng and pictures)")
    .option("--no-alpha", "show white where the page paints nothing")
    .option("--timing <how>", "variable: encode changed frames alone, each as long as it stays (default: constant)")
    .option("--loop <times>", "how often a .gif, .webp or .apng plays; 0 is for ever (default: 0)")
    .optionsGroup("Quality:")
    .option("--quality <word>", "draft, standard, high or lossless (default: standard)")
    .option("--crf <number>", "0 to 51 for H.264 and HEVC, 0 to 63 for AV1 and VP9; less is better")
    .option("--preset <name>", "speed of x264 and x265, ultrafast to veryslow")
    .option("--bitrate <bits>", "bits a second, instead of --crf")
    .option("--pixel-format <name>", "as ffmpeg names it, such as yuv444p")
    .option("--gop <frames>", "frames from one key frame to the next, at most")
    .addOption(
      new Option("--hardware <maker>", "encoder in hardware, taken where it really works").choices([
        "nvenc",
        "qsv",
        "vaapi",
        "videotoolbox",
      ]),
    )
    .optionsGroup("Sound:")
    .option("--no-sound", "render the pictures alone")
    .addOption(
      new Option("--sound-codec <name>", "codec of the sound (default: the format's first)").choices(["aac", "opus", "flac", "pcm"]),
    )
    .option("--sound-bitrate <bits>", "bits a second of aac or opus (default: 192000, 160000)")
    .option("--loudness <lufs>", "integrated loudness to come to, such as -14 or -23 (default: as the page has it)")
    .optionsGroup("Page:")
    .option("--root <folder>", "what a local page may load files from (default: its own folder)")
    .addOption(
      new Option(
        "--cross-origin <how>",
        "paint: show pictures, frames and videos of other origins in every capture; switches web security off, only for pages that you trust",
      )
        .default(undefined, "omit")
        .choices(["omit", "paint"]),
    )
    .option(
      "--network <what>",
      "what the page may reach: all, public (the internet, but no private addresses), same-origin, none, or hosts besides its own such as cdn.example.com,*.example.org (default: all)",
    )
    .option("--time-zone <name>", "time zone that the page's dates are shown in, such as Europe/Berlin (default: UTC)")
    .option("--locale <tag>", "language that the page is asked to speak, such as de-DE (default: en-US)")
    .option("--entry <selector>", "a composition inside the page to render alone, such as #intro, or its file")
    .option("--variables <json>", 'values for the page\'s variables, such as \'{"title":"Hello"}\'')
    .option("--seed <number>", "what the page's random numbers begin with (default: 0)")
    .option("--start-date <date>", "what the page's clock shows at the start (default: 2025-01-01T00:00:00Z)")
    .option("--adapter <file...>", "JavaScript files, each an expression that gives an adapter for animations of the page's own")
    .option("--strict", "end at the first warning")
    .option("--readiness-timeout <ms>", "longest time for the page to become ready (default: 15000)")
    .option("--capture-timeout <ms>", "longest wait for one frame (default: 60000)")
    .option("--inactivity-timeout <ms>", "longest silence of the encoder (default: 600000)")
    .optionsGroup("Limits:")
    .option("--max-frames <number>", "end where the video has more frames (default: 10000000)")
    .option("--max-seconds <seconds>", "end a render that takes longer in all (default: no total timeout)")
    .option("--max-media <megabytes>", "media files that may be copied for the render, all together (default: 8192)")
    .optionsGroup("Parts:")
    .addOption(new Option("--capture <name>", "how pictures are taken; the cheapest that works unless said").choices(names(captures)))
    .addOption(new Option("--encoder <name>", "what writes the video").choices(names(encoders)))
    .addOption(
      new Option("--injector <name>", "what puts the pictures of videos into the page; native leaves videos to the browser").choices([
        ...names(injectors),
        "native",
      ]),
    )
    .option("--cache-size <megabytes>", "what may be kept of pictures of videos, over all workers (default: a share of the memory)")
    .option("--workers <number>", "pages that capture at the same time (default: as many as the machine can feed)")
    .option("--segments <number>", "parts that are captured and encoded at the same time, and joined (default: 1)")
    .option("--no-streaming", "let frames lie on disk before they are encoded")
    .option("--browser <path>", "browser to use (default: looked for)")
    .option("--no-sandbox", "run the browser without its sandbox, where the system lets it make none; only for pages that you trust")
    .option("--ffmpeg <path>", "ffmpeg to use (default: looked for)");
}

function doctorParser(program: Command, onEnd: (exitCode: number) => void): Command {
  return new Command("doctor")
    .copyInheritedSettings(program)
    .description("Show what works on this machine, by trying it, and how to mend what does not")
    .addHelpOption(helpOption())
    .option("--browser <path>", "browser to try (default: looked for)")
    .option("--ffmpeg <path>", "ffmpeg to try (default: looked for)")
    .option("--json", "one JSON object on standard output")
    .action(async (flags: DoctorFlags) => onEnd(await doctorCommand(flags)))
    .addHelpText(
      "after",
      `
Example:
  $ framewright doctor

Exit codes:
  0    a page can be rendered here: at least one capture and one encoder work
  3    no page can be rendered here`,
    );
}

function benchParser(program: Command, onEnd: (exitCode: number) => void): Command {
  return new Command("bench")
    .copyInheritedSettings(program)
    .description("Measure what each part costs on this machine, in about five minutes; renders go by it from then on")
    .addHelpOption(helpOption())
    .option("-o, --output <file>", "write the table here alone, and leave the one that renders go by (default: in the user's cache)")
    .option("--browser <path>", "browser to measure with (default: looked for)")
    .option("--no-sandbox", "run the browser without its sandbox, where the system lets it make none")
    .option("--ffmpeg <path>", "ffmpeg to measure with (default: looked for)")
    .option("--json", "one JSON object on standard output")
    .action(async (flags: BenchFlags) => onEnd(await benchCommand(flags)))
    .addHelpText(
      "after",
      `
Example:
  $ framewright bench
${exitCodesHelp}`,
    );
}
