export { installHyperframes } from "./install.ts";
export { openHyperframes, type HyperframesComposition } from "./open.ts";
export { AwaitedInVain, CompositionFault } from "./problems.ts";
