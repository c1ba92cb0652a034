#!/usr/bin/env node
import { out } from "./print.ts";
import { runCommandLine } from "./program.ts";

/** How long what is still open may hold the process once everything is said, in milliseconds. */
const LEFTOVERS_MS = 1_000;

// Not `process.exit` at once: what still goes through a pipe shall arrive.
process.exitCode = await runCommandLine(process.argv.slice(2));
out.flushed(() => {
  // Unless something holds the process, it has ended before.
  setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
});
