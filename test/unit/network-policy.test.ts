import { describe, expect, it } from "vitest";
import { networkFlags } from "../../src/browser/network-policy.ts";
import { jobFromFlags } from "../../src/cli/job-from-flags.ts";
import { RenderError } from "../../src/core/errors.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import { isPublicAddress } from "../../src/core/ip-address.ts";
import { addressesOf, networkRule, type AddressScope, type NetworkAccess } from "../../src/core/network.ts";
import { secretHost } from "../../src/core/secret-host.ts";

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
  const local = "http://127.0.0.1:4321";
  it.each<readonly [network: NetworkAccess, origin: string, url: string, scope: AddressScope | null]>([
    ["all", local, "http://169.254.169.254/", "any"],
    ["same-origin", local, `${local}/a`, "any"],
    ["none", local, `${local}/a`, "any"],
    ["same-origin", local, "http://127.0.0.1:4322/", null],
    ["same-origin", "https://page.example", "https://page.example/", "public"],
    ["same-origin", "https://page.example", "http://page.example/", null],
    ["same-origin", "http://10.0.0.5", "http://10.0.0.5/", "any"],
    ["public", "https://page.example", "https://page.example/", "public"],
    ["public", "https://page.example", "wss://other.example:8443/", "public"],
    ["public", "https://page.example", "http://localhost:3000/", "public"],
    ["public", "http://localhost:3000", "http://localhost:3000/", "any"],
    ["public", "http://localhost:3000", "http://localhost:3001/", "public"],
    [["cdn.example"], local, "https://cdn.example/", "public"],
    [["*.cdn.example"], local, "https://a.cdn.example/", "public"],
    [["*.cdn.example"], local, "https://cdn.example/", null],
    [["10.0.0.5:8080"], local, "http://10.0.0.5:8080/", "any"],
    [["[::1]:3000"], local, "ws://[::1]:3000/", "any"],
    [["*.localhost:3000"], local, "http://app.localhost:3000/", "any"],
    [[], local, "https://cdn.example/", null],
  ])("under %j, a page of %s at %s: %s", (network, origin, url, scope) => {
    expect(networkRule(network, origin)(new URL(url))).toBe(scope);
  });

  it("is told to the browser as what goes past the gate: addresses, but no names", () => {
    const flags = networkFlags(["*.example.com:8080", "[::1]:3000"], "http://127.0.0.1:4321", 5555);
    expect(flags).toEqual([
      "--proxy-server=http://127.0.0.1:5555",
      "--proxy-bypass-list=<-loopback>;127.0.0.1:4321;[::1]:3000",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE ::1",
      "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
      "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]);
  });

  it("keeps the secret name of a server of ours out of command lines", () => {
    const host: string = secretHost();
    const line: string = networkFlags("none", `http://${host}:4321`, 5555).join(" ");
    expect(line).toContain("<-loopback>;*.localhost:4321");
    expect(line).not.toContain(host);
  });
});

describe("an address", () => {
  it.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])("%s is public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...["127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254"],
    ...[
      "100.64.0.1",
      "100.100.100.200",
      "168.63.129.16",
      "192.0.0.192",
      "192.0.2.1",
      "198.18.0.1",
      "224.0.0.1",
      "240.0.0.1",
      "255.255.255.255",
    ],
    ...["::1", "::", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"],
    ...["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "100::1", "4000::1"],
    ...["localhost", "example.com", ""],
  ])("%s is not public", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe("the options of a job", () => {
  it("are everything, UTC and American English unless said", () => {
    expect(parseJob(job)).toMatchObject({ network: "all", timeZone: "UTC", locale: "en-US" });
  });

  it.each([
    [{ network: "local" }, 'network is "local": must be "all", "public", "same-origin", "none" or a list'],
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
    expect(jobFromFlags("page.html", { network: "public" }).parsed.network).toBe("public");
    expect(jobFromFlags("page.html", { network: "cdn.example.com, *.example.org" }).parsed.network).toEqual([
      "cdn.example.com",
      "*.example.org",
    ]);
    expect(() => jobFromFlags("page.html", { network: "nothing at all" })).toThrow('network.0 is "nothing at all"');
  });
});
