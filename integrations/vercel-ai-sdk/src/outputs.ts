/** The texts of a tool result, whether they may change, and the result with others in their place. */

import type { LanguageModelMiddleware } from "ai";

/** What a middleware is given of one call of a model (language model specification, version 3). */
export type Params = Parameters<NonNullable<LanguageModelMiddleware["transformParams"]>>[0]["params"];
export type Message = Params["prompt"][number];
export type ToolResult = Extract<Extract<Message, { role: "tool" }>["content"][number], { type: "tool-result" }>;
export type Output = ToolResult["output"];
type Json = Extract<Output, { type: "json" }>["value"];

/**
 * How a `json` output reaches the model.
 *
 * `text`: the provider package sends `JSON.stringify` of the value, as it sends a `text` output; so it may become one.
 * `value`: it sends the value itself (Google), so that only its long strings are texts.
 * `read`: it reads the value's own fields (a tool that the provider defines), so that nothing may change.
 */
export type JsonForm = "text" | "value" | "read";

/** One output as the model reads it. */
export interface Reading {
  readonly texts: readonly string[];
  readonly isError: boolean;
  /** Return a copy of the output with these texts, as many as there are in `texts`; null where none may change. */
  readonly with: ((texts: readonly string[]) => Output) | null;
}

/** Strings of a JSON value below this are fields, not documents. The Gemini wire of the service has the same bound. */
const MIN_LEAF_CHARS = 256;
/** What is nested deeper stays; the service, too, reads no deeper. */
const MAX_DEPTH = 512;

const DENIED = "Tool call execution denied.";

/** Read an output. Errors and denials have texts, because later results may refer to them, but do not change. */
export function readingOf(output: Output, form: JsonForm): Reading {
  switch (output.type) {
    case "text":
      return open([output.value], ([value = output.value]) => ({ ...output, value }));
    case "json":
      return valueReading(output, form);
    case "content":
      return contentReading(output);
    case "error-text":
      return { texts: [output.value], isError: true, with: null };
    case "error-json":
      return { texts: jsonTexts(output.value), isError: true, with: null };
    case "execution-denied":
      return { texts: [output.reason ?? DENIED], isError: true, with: null };
    default:
      return { texts: [], isError: false, with: null }; // A kind that later versions of the SDK may bring.
  }
}

function open(texts: readonly string[], put: (texts: readonly string[]) => Output): Reading {
  return { texts, isError: false, with: put };
}

function valueReading(output: Extract<Output, { type: "json" }>, form: JsonForm): Reading {
  const [text] = jsonTexts(output.value);
  if (text === undefined) return { texts: [], isError: false, with: null };
  if (form === "read") return { texts: [text], isError: false, with: null };
  if (form === "text") return open([text], ([value = text]) => ({ ...output, type: "text", value }));
  const texts: string[] = [];
  mapped(output.value, (leaf) => {
    texts.push(leaf);
    return leaf;
  });
  return open(texts, (given) => ({ ...output, value: mapped(output.value, takingFrom(given)) }));
}

function contentReading(output: Extract<Output, { type: "content" }>): Reading {
  const texts = output.value.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return open(texts, (given) => {
    const next = takingFrom(given);
    const value = output.value.map((part) => {
      const text = part.type === "text" ? next(part.text) : undefined;
      return part.type !== "text" || text === undefined || text === part.text ? part : { ...part, text };
    });
    return { ...output, value };
  });
}

/** Return the value's text as the provider packages write it; none where it is no JSON (cycles, big integers). */
function jsonTexts(value: Json): string[] {
  try {
    const text: string | undefined = JSON.stringify(value);
    return text === undefined ? [] : [text];
  } catch {
    return [];
  }
}

/** Return what gives the texts one after another, whatever it is asked about. */
function takingFrom(texts: readonly string[]): (before: string) => string {
  let index = 0;
  return (before) => texts[index++] ?? before;
}

/** Return the value with each long string mapped, in order; what does not change is the very same object. */
function mapped(value: Json, map: (leaf: string) => string, depth = 0): Json {
  if (typeof value === "string") return value.length < MIN_LEAF_CHARS ? value : map(value);
  if (depth === MAX_DEPTH || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => mapped(item, map, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isPlain(value)) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, mapped(field as Json, map, depth + 1)] as const);
  return fields.some(([name, field]) => field !== value[name]) ? Object.fromEntries(fields) : value;
}

/** Say whether an object has fields only: one of a class may write itself as something else. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !("toJSON" in value);
}
