import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { mkdir, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { openPageAddress } from "../../src/node/file-server.ts";
import { namesIn } from "../../src/node/page-files.ts";
import { scratch } from "../support/render.ts";

it.each([
  ["an attribute", '<video src="film.mp4">', ["film.mp4"]],
  ["an attribute without quotes", "<video src=film.mp4>", ["film.mp4"]],
  ["a style", "<style>p { background: url(clips/still.png) }</style>", ["clips/still.png"]],
  ["a script", "<script>player.load('clips/film.mp4?v=1')</script>", ["clips/film.mp4?v=1"]],
  ["an address with an entity", '<img src="still.png?a=1&amp;b=2">', ["still.png?a=1&b=2"]],
])("finds the name of a file in %s", (_, html, names) => {
  expect([...namesIn(html)]).toEqual(expect.arrayContaining(names));
});

it("ignores text that only mentions a file", () => {
  expect([...namesIn("<p>This page becomes video.mp4</p><!-- video.mp4 -->")]).toEqual([]);
});

it("lists the document, the files that it names and that exist, and those that were loaded", async () => {
  await using place = await scratch();
  await mkdir(place.path("clips"));
  for (const name of ["clips/a film.mp4", "loaded.json", "other.mp4"]) await writeFile(place.path(name), name);
  const page: string = await place.page(
    `<video src="clips/a%20film.mp4"></video><img src="gone.png"><img src="//example.com/a.png"><img src="../../etc/passwd.txt">`,
  );
  await using address = await openPageAddress(page);
  const list = async (): Promise<string[]> => (await address.ownFiles!()).map((file) => file.slice(place.folder.length + 1));
  expect(await list()).toEqual(["page.html", "clips/a film.mp4"]);
  // The name leads to this machine, which not every resolver knows.
  const { host, port } = new URL(address.url);
  const [answer] = (await once(request({ host: "127.0.0.1", port, path: "/loaded.json", headers: { host } }).end(), "response")) as [
    IncomingMessage,
  ];
  expect(answer.resume().statusCode).toBe(200);
  expect(await list()).toEqual(["page.html", "clips/a film.mp4", "loaded.json"]);
});
