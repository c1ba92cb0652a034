#!/usr/bin/env node
import { runCommandLine } from "./program.ts";

// Not `process.exit`: what still writes to a pipe shall end first.
process.exitCode = await runCommandLine(process.argv.slice(2));
