import type { BrowserSandbox } from "../core/browser.ts";

/** What was found on this machine, by trying. JSON. */
export interface DoctorReport {
  /** At least one capture and one encoder made a video here. */
  readonly works: boolean;
  readonly framewright: string;
  readonly machine: Machine;
  readonly browser: BrowserFinding | Lack;
  readonly ffmpeg: FfmpegFinding | Lack;
  readonly captures: readonly PartFinding[];
  readonly encoders: readonly PartFinding[];
  readonly renders: readonly TrialFinding[];
}

export interface Machine {
  /** "Node", "Deno" or "Bun". */
  readonly runtime: string;
  readonly runtimeVersion: string;
  readonly platform: string;
  readonly architecture: string;
  readonly cores: number;
  /** What this process may use, where a container limits it. */
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
}

export interface Lack {
  readonly ok: false;
  readonly reason: string;
  /** The command that mends it; null where another lack is the cause. */
  readonly mend: string | null;
}

export interface BrowserFinding {
  readonly ok: true;
  readonly executablePath: string;
  readonly foundIn: string;
  /** Such as "HeadlessChrome/156.0.8078.79". */
  readonly product: string;
  readonly sandbox: BrowserSandbox;
}

export interface FfmpegFinding {
  readonly ok: true;
  readonly executablePath: string;
  readonly foundIn: string;
  readonly version: string;
}

export type PartFinding = { readonly name: string } & (
  | { readonly ok: true; readonly details: Readonly<Record<string, string | number | boolean>> }
  | Lack
);

/** A tiny video that was really made. */
export type TrialFinding = { readonly capture: string; readonly encoder: string } & (
  | { readonly ok: true; readonly ms: number; readonly transport: string | null }
  | { readonly ok: false; readonly reason: string }
);
