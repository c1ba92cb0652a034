import { movingPage } from "./failing-pages.ts";

/** A page that moves, and runs a script of an attacker before its first frame, or in a frame. */
export function hostilePage(script: { readonly onLoad?: string; readonly onSeek?: string }): string {
  return movingPage({ duration: "0.4", ...script });
}

/** Replaces a method of the composition, which the page shares its realm with. `was` is what it would have given. */
export function lyingComposition(method: string, answer: string): string {
  return `{
    const { ${method} } = __framewrightComposition;
    __framewrightComposition.${method} = async (...args) => {
      const was = await ${method}.apply(__framewrightComposition, args);
      return ${answer};
    };
  }`;
}
