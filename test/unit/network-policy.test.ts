import { describe, expect, it } from "vitest";
import { networkFlags } from "../../src/browser/network-policy.ts";
import { jobFromFlags } from "../../src/cli/job-from-flags.ts";
import { RenderError } from "../../src/core/errors.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import { addressesOf, reachable } from "../../src/core/network.ts";

const job = { page: "page.html", output: "out.mp4" } as const;

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof RenderError) return thrown.message;
    throw thrown;
  }
  throw new Error("It should have failed, and did not");
}

describe("an entry of a list of hosts", () => {
  it.each([
    ["cdn.example.com", ["cdn.example.com:80", "cdn.example.com:443"]],
    ["*.example.com", ["*.example.com:80", "*.example.com:443"]],
    ["CDN.Example.com:8080", ["cdn.example.com:8080"]],
    ["https://cdn.example.com", ["cdn.example.com:443"]],
    ["http://cdn.example.com/", ["cdn.example.com:80"]],
    ["wss://live.example.com:9000", ["live.example.com:9000"]],
    ["https://*.example.com", ["*.example.com:443"]],
    ["bücher.example", ["xn--bcher-kva.example:80", "xn--bcher-kva.example:443"]],
    ["localhost:3000", ["localhost:3000"]],
    ["[::1]:3000", ["[::1]:3000"]],
    ["127.1", ["127.0.0.1:80", "127.0.0.1:443"]],
  ])("%s stands for %j", (entry, addresses) => {
    expect(addressesOf(entry)?.map(({ host, port }) => `${host}:${port}`)).toEqual(addresses);
  });

  it.each([
    "",
    "*",
    "https://",
    "ftp://example.com",
    "https://example.com/path",
    "user@example.com",
    "a b",
    "*.*.com",
    "a;b",
    "host:99999",
    "::1",
  ])("%j is none", (entry) => {
    expect(addressesOf(entry)).toBeNull();
    expect(messageOf(() => parseJob({ ...job, network: ["example.com", entry] }))).toContain(
      `network.1 is ${JSON.stringify(entry)}: must be a host`,
    );
  });
});

describe("what a page may reach", () => {
  const own = { host: "127.0.0.1", port: 4321 };
  it.each([
    ["all" as const, null],
    ["same-origin" as const, [own]],
    ["none" as const, [own]],
    [[], [own]],
    [["https://cdn.example.com"], [own, { host: "cdn.example.com", port: 443 }]],
  ])("under %j is %j", (network, addresses) => {
    expect(reachable(network, "http://127.0.0.1:4321")).toEqual(addresses);
  });

  it("is told to the browser as what goes past a proxy that refuses the rest", () => {
    const flags = networkFlags(reachable(["*.example.com:8080", "[::1]:3000"], "http://127.0.0.1:4321")!, 5555);
    expect(flags).toEqual([
      "--proxy-server=http://127.0.0.1:5555",
      "--proxy-bypass-list=<-loopback>;127.0.0.1:4321;*.example.com:8080;[::1]:3000",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.example.com, EXCLUDE ::1",
      "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
      "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]);
  });
});

describe("the options of a job", () => {
  it("are everything, UTC and American English unless said", () => {
    expect(parseJob(job)).toMatchObject({ network: "all", timeZone: "UTC", locale: "en-US" });
  });

  it.each([
    [{ network: "local" }, 'network is "local": must be "all", "same-origin", "none" or a list'],
    [{ network: 3 }, "network is 3"],
    [{ network: ["a", 3] }, "network is Array"],
    [{ timeZone: "Berlin" }, 'timeZone is "Berlin": must be an IANA time zone such as "Europe/Berlin"'],
    [{ timeZone: "+01:00" }, 'timeZone is "+01:00"'],
    [{ locale: "english" }, 'locale is "english": must be a language tag'],
    [{ locale: "de_DE" }, 'locale is "de_DE"'],
    [
      { page: "file:///srv/my%20page.html" },
      'The page "file:///srv/my%20page.html" is a file:// URL, which is not opened. Give the path instead: /srv/my page.html',
    ],
    [{ page: "FILE:page.html" }, "Give the path instead"],
  ])("with %j are refused", (change, words) => {
    expect(messageOf(() => parseJob({ ...job, ...change }))).toContain(words);
  });

  it("come from the command line", () => {
    const { parsed } = jobFromFlags("page.html", { network: "none", timeZone: "Asia/Tokyo", locale: "ja" });
    expect(parsed).toMatchObject({ network: "none", timeZone: "Asia/Tokyo", locale: "ja" });
    expect(jobFromFlags("page.html", { network: "cdn.example.com, *.example.org" }).parsed.network).toEqual([
      "cdn.example.com",
      "*.example.org",
    ]);
    expect(() => jobFromFlags("page.html", { network: "nothing at all" })).toThrow('network.0 is "nothing at all"');
  });
});
