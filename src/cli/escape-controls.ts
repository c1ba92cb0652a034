/**
 * Control characters (C0, DEL, C1), line separators, and characters that change the direction of text: with them a page title
 * could move the cursor, set the clipboard, or show a name backwards.
 */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;
/** Of those, what JSON.stringify leaves as it is. */
const CONTROLS_IN_JSON = /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Makes every control character visible: "\x1b", "\n", "\u{202e}". */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => SHORT[character] ?? escaped(character));
}

/** JSON that means the same and holds no control character within its strings. */
export function jsonWithoutControls(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(CONTROLS_IN_JSON, (character) => `\\u${hexadecimal(character, 4)}`);
}

function escaped(character: string): string {
  return character <= "\u00FF" ? `\\x${hexadecimal(character, 2)}` : `\\u{${hexadecimal(character, 4)}}`;
}

function hexadecimal(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, "0");
}
