import { chmod, chown, symlink, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { openPageAddress } from "../../src/node/file-server.ts";
import { isRoot } from "../support/mounts.ts";
import { scratch } from "../support/render.ts";

async function whyForeign(page: string): Promise<string | null | undefined> {
  await using address = await openPageAddress(page);
  return address.foreign;
}

it("a page that only this user may write is the user's own", async () => {
  await using place = await scratch();
  expect(await whyForeign(await place.page("<p>"))).toBeNull();
});

it.each([
  ["file", 0o646, "page.html", "other users may write to its file"],
  ["folder", 0o757, "", "other users may write to its folder"],
] as const)("a page whose %s others may write is not the user's own", async (_, mode, name, reason) => {
  await using place = await scratch();
  const page: string = await place.page("<p>");
  await chmod(place.path(name), mode);
  expect(await whyForeign(page)).toBe(reason);
});

it("a page in a folder in which users cannot replace the files of others is the user's own", async () => {
  await using place = await scratch();
  const page: string = await place.page("<p>");
  await chmod(place.folder, 0o1777);
  expect(await whyForeign(page)).toBeNull();
});

it.runIf(isRoot).each([
  ["file", "page.html"],
  ["folder", ""],
] as const)("a page whose %s belongs to another user is not root's own", async (what, name) => {
  await using place = await scratch();
  const page: string = await place.page("<p>");
  await chown(place.path(name), 65534, 65534);
  expect(await whyForeign(page)).toBe(`its ${what} belongs to another user (id 65534)`);
});

it.runIf(isRoot)("a page that another group may write is not root's own", async () => {
  await using place = await scratch();
  const page: string = await place.page("<p>");
  await chown(page, 0, 65534);
  await chmod(page, 0o664);
  expect(await whyForeign(page)).toBe("other users may write to its file");
});

it("a page with the path of a folder is judged by its index.html", async () => {
  await using place = await scratch();
  await place.page("<p>", "index.html");
  await chmod(place.path("index.html"), 0o666);
  expect(await whyForeign(place.folder)).toBe("other users may write to its file");
});

it.each(["http://localhost:1/", "http://127.0.0.1:1/page.html", "https://example.com/"])(
  "a page with a URL is not the user's own: %s",
  async (page) => {
    expect(await whyForeign(page)).toBe("it comes from a server, not from a file of yours");
  },
);

it("a link to a page is judged by the file that it leads to", async () => {
  await using place = await scratch();
  await writeFile(place.path("real.html"), "<p>");
  await chmod(place.path("real.html"), 0o666);
  await symlink("real.html", place.path("page.html"));
  expect(await whyForeign(place.path("page.html"))).toBe("other users may write to its file");
});
