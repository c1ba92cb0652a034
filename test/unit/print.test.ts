import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { escapeControls, jsonWithoutControls } from "../../src/cli/escape-controls.ts";
import { paintFor, withColors } from "../../src/cli/paint.ts";
import { buildCommandLine, type CommandLine } from "../support/command-line.ts";

/** Every character that moves the cursor, ends a line, or turns text around. */
const controls: readonly string[] = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 33 }, (_, code) => String.fromCharCode(0x7f + code)),
  ...["\u061C", "\u200E", "\u200F", "\u2028", "\u2029", "\u202A", "\u202B", "\u202C", "\u202D", "\u202E"],
  ...["\u2066", "\u2067", "\u2068", "\u2069"],
];
const hostile: string = `a${controls.join("b")}z`;
/** Sets the window's title, the clipboard, clears the screen, in both forms, and turns the rest around. */
const sequences = "\u001B]0;owned\u0007\u001B]52;c;cm0=\u001B\\\u001B[2J\u009B2J\r\n\u202Eexe.4pm\u2028";

function expectNoControls(text: string): void {
  for (const character of controls) if (character !== "\n") expect(text).not.toContain(character);
}

describe("text that is printed", () => {
  it("shows every control character, and leaves all others", () => {
    expect(escapeControls("\u001B[31m\u0007\u007F\u009B\n\r\t\u202E\u2028")).toBe(String.raw`\x1b[31m\x07\x7f\x9b\n\r\t\u{202e}\u{2028}`);
    expect(escapeControls(hostile)).toMatch(/^a[\u0020-\u007E]*z$/);
    const harmless = "Füße, 日本語, עברית, العربية, 👩‍👩‍👧, C:\\temp, \u00A0";
    expect(escapeControls(harmless)).toBe(harmless);
  });

  it("keeps colours of our own, and shows those of others", () => {
    const { red, bold } = paintFor({ isTTY: true });
    expect(withColors(escapeControls(`${red(bold("error"))} \u001B[32mfine`))).toBe(
      "\u001B[31m\u001B[1merror\u001B[22m\u001B[39m \\x1b[32mfine",
    );
  });

  it("has no colours where the stream is not a terminal", () => {
    expect(withColors(paintFor({ isTTY: false }).red("error"))).toBe("error");
  });
});

describe("JSON that is printed", () => {
  it("means the same, and holds no control characters", () => {
    const value = { [hostile]: [hostile, 1, null] };
    const line: string = jsonWithoutControls(value);
    expect(line).toMatch(/^[\u0020-\u007E]*$/);
    expect(JSON.parse(line)).toEqual(value);
  });

  it("may be indented", () => {
    expect(jsonWithoutControls({ a: "\u009B" }, 2)).toBe('{\n  "a": "\\u009b"\n}');
  });
});

describe("the command line", () => {
  let commandLine: CommandLine;

  beforeAll(async () => {
    commandLine = await buildCommandLine();
  });
  afterAll(() => commandLine[Symbol.asyncDispose]());

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const [runtime, program] = commandLine.command;
    return spawnSync(runtime, [program, ...args], { encoding: "utf8", env: { ...process.env, ...env } });
  };

  it.each([
    ["a page's name", ["render", `${sequences}.html`], 4],
    ["an option's value", ["render", "page.html", "--fps", sequences], 2],
    ["an unknown option", ["render", "page.html", `--${sequences}`], 2],
    ["an unknown command", [sequences], 2],
    ["an output's name", ["render", "page.html", "-o", `none/${sequences}.mp4`], 1],
    ["a choice", ["render", "page.html", "--capture", sequences], 2],
    ["an adapter's file", ["render", "page.html", "--adapter", sequences], 2],
  ])("shows control characters in %s", (_, args, code) => {
    const { status, stdout, stderr } = run(args, { FRAMEWRIGHT_DEBUG: "1" });
    expect({ status, stderr }).toMatchObject({ status: code });
    expectNoControls(stdout + stderr);
    expect(stderr.split("\n")[0]).toContain("exe.4pm");
  });

  it("shows control characters in JSON as well", () => {
    const { stdout } = run(["render", "--json", `${sequences}.html`]);
    expectNoControls(stdout);
    expect(stdout.trimEnd()).not.toContain("\n");
    expect(JSON.parse(stdout)).toMatchObject({ type: "error", error: { code: "page-not-found", details: { page: `${sequences}.html` } } });
  });

  it("prints its help unchanged", () => {
    const { stdout } = run(["render", "--help"]);
    expect(stdout).toContain("Usage: framewright render [options] <page>\n\nRender a page to a video\n");
    expect(stdout).not.toContain("\\n");
  });
});
