import { expect, it } from "vitest";
import { bytesOfDataAddress, nameOfDataAddress } from "../../src/browser/page/media/data-address.ts";

it.each<[url: string, bytes: readonly number[]]>([
  ["data:,a%20b", [0x61, 0x20, 0x62]],
  ["data:text/plain;charset=utf-8,100%", [0x31, 0x30, 0x30, 0x25]],
  ["data:video/mp4;base64,AP/+", [0, 0xff, 0xfe]],
  ["data:video/mp4;base64,AP%2F%2B", [0, 0xff, 0xfe]],
  ["DATA:video/mp4; BASE64 , AP /\n+", [0, 0xff, 0xfe]],
  ["data:x,%00%ff", [0, 0xff]],
])("%s", (url, bytes) => {
  expect([...bytesOfDataAddress(url)]).toEqual(bytes);
});

it("says what is wrong with one that is none", () => {
  expect(() => bytesOfDataAddress("data:video/mp4")).toThrow("no comma");
});

it("has a short name that tells one from another", () => {
  const [one, other] = ["A", "B"].map((letter) => nameOfDataAddress(`data:video/mp4;base64,${letter.repeat(1_000_000)}`)) as [
    string,
    string,
  ];
  expect(one).toMatch(/^data:video\/mp4;digest=[\da-f]{16}$/);
  expect(one).not.toBe(other);
});
