/** What the text of scripts says of timelines that will be registered. */
export interface Promised {
  /** Ids that are registered by name, with the code that does it. */
  readonly ids: ReadonlyMap<string, string>;
  /** The registry is used in other ways, beyond making sure that it is there. */
  readonly others: boolean;
}

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/[^\n]*/g;
/** "window.__timelines = window.__timelines || {}", in all its spellings. */
const MAKES_SURE =
  /(?:\w+\s*\.\s*)?__timelines\s*(?:=\s*(?:\w+\s*\.\s*)?__timelines\s*(?:\|\||\?\?)|\|\|=|\?\?=)\s*\{\s*\}|if\s*\(\s*!\s*(?:\w+\s*\.\s*)?__timelines\s*\)\s*\{?\s*(?:\w+\s*\.\s*)?__timelines\s*=\s*\{\s*\}/g;
/** What anime.js is to play. */
const REGISTERS = /hyperframesAnime\s*\.\s*register\s*\(\s*(["'`])((?:(?!\1).)+)\1/g;
const REGISTRIES = /__timelines|hyperframesAnime\s*\.\s*register/;
const ASSIGNS = /__timelines\s*(?:\.\s*([\w$]+)|(?:\?\.)?\[\s*(["'`])((?:(?!\2).)+)\2\s*\])\s*(?:\|\||\?\?)?=(?!=)/g;

/**
 * Reads out of scripts which timelines will come, also late: a page that says nothing of timelines is not waited for.
 *
 * @param scripts their text
 */
export function promisedTimelines(scripts: readonly string[]): Promised {
  const ids = new Map<string, string>();
  let others = false;
  for (const script of scripts) {
    if (!REGISTRIES.test(script)) continue;
    const rest: string = script
      .replaceAll(COMMENTS, " ")
      .replaceAll(MAKES_SURE, " ")
      .replaceAll(ASSIGNS, (_, plain?: string, _quote?: string, inQuotes?: string) => {
        const id: string = (plain ?? inQuotes)!;
        ids.set(id, entryOf(id));
        return " ";
      })
      .replaceAll(REGISTERS, (_, _quote: string, id: string) => {
        ids.set(id, `hyperframesAnime.register("${id}", ...)`);
        return " ";
      });
    others ||= REGISTRIES.test(rest);
  }
  return { ids, others };
}

/** The entry of a timeline in the registry, as code. */
export function entryOf(id: string): string {
  return /^[\w$]+$/.test(id) ? `window.__timelines.${id}` : `window.__timelines["${id}"]`;
}
