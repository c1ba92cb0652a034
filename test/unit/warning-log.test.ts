import { describe, expect, it } from "vitest";
import { onceEach } from "../../src/browser/launch.ts";
import { WarningLog } from "../../src/core/warning-log.ts";

describe("the warnings of a render", () => {
  it("keeps each once", () => {
    const log = new WarningLog();
    expect(["one", "two", "one"].map((reason) => log.add(reason))).toEqual(["one", "two", null]);
    expect(log.all).toEqual(["one", "two"]);
  });

  it("keeps 100 of 300,000 and counts the others", () => {
    const log = new WarningLog();
    for (let at = 0; at < 300_000; at++) log.add(`warning ${at}`);
    expect(log.all).toHaveLength(101);
    expect(log.all.at(-2)).toBe("warning 99");
    expect(log.all.at(-1)).toBe("and 299,900 more warnings");
  });

  it("keeps 500 characters of each", () => {
    const log = new WarningLog();
    expect(log.add("x".repeat(1_000_000))).toBe(`${"x".repeat(499)}…`);
    expect(log.add("x".repeat(500))).toBe("x".repeat(500));
  });
});

describe("the warnings of a browser", () => {
  it("are passed on once each, and those beyond 50 as one", () => {
    const told: string[] = [];
    const warn = onceEach((reason) => told.push(reason));
    for (let at = 0; at < 200; at++) warn(`dialog ${at % 100}`);
    expect(told).toHaveLength(51);
    expect(told.at(-1)).toBe("The browser raised more than 50 warnings; the others are not listed");
  });
});
