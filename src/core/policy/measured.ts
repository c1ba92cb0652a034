// Written by `npm run bench:policy`.
import type { MeasuredCosts } from "./costs.ts";

/** What the built-in parts cost on the machine of the benches. */
export const measuredCosts: MeasuredCosts = {
  version: 1,
  basis: "measured on a reference machine",
  machine: "",
  cores: 2,
  usage: "measured",
  captures: [],
  encoders: [],
};
