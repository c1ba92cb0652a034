import * as v from "valibot";
import { messageOf, renderErrorCodes } from "../../core/errors.ts";
import { eventSchema, resultSchema, spanSchema } from "./message-schemas.ts";
import type { RenderMessage } from "./protocol.ts";

/** Deepest nesting of the details of an error. */
const DEEPEST = 12;

const details = v.pipe(
  v.record(v.string(), v.unknown()),
  v.check((value) => isShallow(value, DEEPEST), `must be at most ${DEEPEST} levels deep`),
);

const schema: v.GenericSchema<unknown, RenderMessage> = v.variant("type", [
  v.object({ type: v.literal("alive") }),
  v.object({ type: v.literal("event"), event: eventSchema }),
  v.object({ type: v.literal("span"), span: spanSchema }),
  v.object({ type: v.literal("checked") }),
  v.object({ type: v.literal("result"), result: resultSchema }),
  v.object({ type: v.literal("error"), code: v.picklist(renderErrorCodes), message: v.string(), details }),
  v.object({ type: v.literal("fault"), message: v.string() }),
]);

/**
 * Parses one line of a render process. The process ran the page, so nothing in the line is trusted; unknown fields are dropped.
 *
 * @throws Error with what is wrong with it
 */
export function parseMessage(line: string): RenderMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (thrown) {
    throw new Error(`it is not JSON: ${messageOf(thrown)}`, { cause: thrown });
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${v.getDotPath(issue) ?? "the message"}: ${issue.message}`);
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}
