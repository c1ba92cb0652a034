/** A window with the constructors of its own realm. */
export type PageWindow = Window & typeof globalThis;
