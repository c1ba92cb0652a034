// Every package in package-lock.json needs a sha512 checksum: npm installs one without it unverified, and says nothing.
// npm writes a lock without checksums where it finds installed packages and no lock file: never delete package-lock.json without node_modules.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = process.argv[2] ?? fileURLToPath(new URL("../package-lock.json", import.meta.url));
const { packages } = JSON.parse(readFileSync(file, "utf8"));

/** Of 64 bytes in base64. */
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;

// The root and linked folders are no downloads.
const unverified = Object.entries(packages)
  .filter(([path, { link }]) => path !== "" && link !== true)
  .filter(([, { integrity }]) => !SHA512.test(integrity ?? ""))
  .map(([path, { version }]) => `${path} ${version}`);

if (unverified.length > 0) {
  console.error(
    `${unverified.length} packages in ${file} have no sha512 checksum ("integrity"). Restore the committed lock file and run npm install again:\n  ${unverified.join("\n  ")}`,
  );
  process.exit(1);
}
console.log(`check-lock: ${Object.keys(packages).length - 1} packages have checksums`);
