/** What the text of scripts says of timelines that will be registered. */
export interface Promised {
  /** Keys that are assigned to by name. */
  readonly ids: ReadonlySet<string>;
  /** The registry is used in other ways, beyond making sure that it is there. */
  readonly others: boolean;
}

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/[^\n]*/g;
/** "window.__timelines = window.__timelines || {}", in all its spellings. */
const MAKES_SURE =
  /(?:\w+\s*\.\s*)?__timelines\s*(?:=\s*(?:\w+\s*\.\s*)?__timelines\s*(?:\|\||\?\?)|\|\|=|\?\?=)\s*\{\s*\}|if\s*\(\s*!\s*(?:\w+\s*\.\s*)?__timelines\s*\)\s*\{?\s*(?:\w+\s*\.\s*)?__timelines\s*=\s*\{\s*\}/g;
const ASSIGNS = /__timelines\s*(?:\.\s*([\w$]+)|(?:\?\.)?\[\s*(["'`])((?:(?!\2).)+)\2\s*\])\s*(?:\|\||\?\?)?=(?!=)/g;

/**
 * Reads out of scripts which timelines will come, also late: a page that says nothing of timelines is not waited for.
 *
 * @param scripts their text
 */
export function promisedTimelines(scripts: readonly string[]): Promised {
  const ids = new Set<string>();
  let others = false;
  for (const script of scripts) {
    if (!script.includes("__timelines")) continue;
    const rest: string = script
      .replaceAll(COMMENTS, " ")
      .replaceAll(MAKES_SURE, " ")
      .replaceAll(ASSIGNS, (_, plain?: string, _quote?: string, inQuotes?: string) => {
        ids.add((plain ?? inQuotes)!);
        return " ";
      });
    others ||= rest.includes("__timelines");
  }
  return { ids, others };
}
