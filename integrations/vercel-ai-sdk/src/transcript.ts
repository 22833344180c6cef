/**
 * A prompt of the AI SDK, written down for the service: what the user said, what was called, what came back.
 *
 * The shape is Anthropic's, whose results say whether they are errors. What the model said, system prompts, reasoning
 * and files decide nothing about the results and are not sent.
 */

import { recordOf } from "./exchange.js";
import { HeadroomError } from "./failure.js";
import { type JsonForm, type Message, type Output, type Params, type Reading, readingOf } from "./outputs.js";

type Block =
  | { type: "text"; text: string }
  | { type: "tool_use"; id: string; name: string; input: string | undefined }
  | { type: "tool_result"; tool_use_id: string; is_error: boolean; content: { type: "text"; text: string }[] };

export interface Entry {
  role: "user" | "assistant";
  content: Block[];
}

/** One result that may change: its place in the prompt, its place in the transcript, and its texts. */
interface Place {
  message: number;
  part: number;
  entry: number;
  block: number;
  call: string;
  texts: readonly string[];
  with: NonNullable<Reading["with"]>;
}

export interface Transcript {
  entries: Entry[];
  places: Place[];
}

/** Write a prompt down. `formOf` says how the `json` results of a tool reach the model. */
export function transcriptOf(prompt: Params["prompt"], formOf: (tool: string) => JsonForm): Transcript {
  const transcript: Transcript = { entries: [], places: [] };
  const elsewhere = new Set<string>();
  prompt.forEach((message, index) => {
    if (message.role === "tool") addResults(transcript, message, index, (call) => elsewhere.has(call), formOf);
    else if (message.role === "user") add(transcript, "user", saidIn(message));
    else if (message.role === "assistant") add(transcript, "assistant", callsIn(message, elsewhere));
  });
  return transcript;
}

/** Return the prompt with the texts of the answer: a copy, in which everything that did not change is shared. */
export function rewritten(
  prompt: Params["prompt"],
  places: readonly Place[],
  answer: readonly unknown[],
): Params["prompt"] {
  const outputs = new Map<string, Output>();
  for (const place of places) {
    const texts = textsAt(place, answer);
    const isNew = texts.some((text, index) => text !== place.texts[index]);
    if (isNew) outputs.set(`${place.message} ${place.part}`, place.with(texts));
  }
  return prompt.map((message, index) => {
    if (message.role !== "tool") return message;
    const content = message.content.map((part, number) => {
      const output = outputs.get(`${index} ${number}`);
      return output === undefined || part.type !== "tool-result" ? part : { ...part, output };
    });
    return content.some((part, number) => part !== message.content[number]) ? { ...message, content } : message;
  });
}

function addResults(
  transcript: Transcript,
  message: Extract<Message, { role: "tool" }>,
  index: number,
  isElsewhere: (call: string) => boolean,
  formOf: (tool: string) => JsonForm,
): void {
  const content: Block[] = [];
  message.content.forEach((part, number) => {
    if (part.type !== "tool-result" || isElsewhere(part.toolCallId)) return;
    const reading = readingOf(part.output, formOf(part.toolName));
    if (reading.texts.length === 0 || reading.texts.some((text) => HALF.test(text))) return;
    const place = { message: index, part: number, entry: transcript.entries.length, block: content.length };
    const call = part.toolCallId;
    if (reading.with !== null) transcript.places.push({ ...place, call, texts: reading.texts, with: reading.with });
    const texts = reading.texts.map((text) => ({ type: "text", text }) as const);
    content.push({ type: "tool_result", tool_use_id: call, is_error: reading.isError, content: texts });
  });
  add(transcript, "user", content);
}

function add(transcript: Transcript, role: Entry["role"], content: Block[]): void {
  if (content.length > 0) transcript.entries.push({ role, content });
}

function saidIn(message: Extract<Message, { role: "user" }>): Block[] {
  return message.content.flatMap((part) => (part.type === "text" ? [{ type: "text", text: whole(part.text) }] : []));
}

/** Half a character: what cutting a string in the middle of an emoji leaves. JSON readers refuse the whole body for it. */
const HALF = /\p{Surrogate}/u;

function whole(text: string): string {
  return text.replace(new RegExp(HALF, "gu"), "\ufffd");
}

/** Return the calls that the application runs; those that the provider ran itself are noted as being elsewhere. */
function callsIn(message: Extract<Message, { role: "assistant" }>, elsewhere: Set<string>): Block[] {
  const calls = message.content.filter((part) => part.type === "tool-call");
  for (const call of calls) if (call.providerExecuted === true) elsewhere.add(call.toolCallId);
  return calls
    .filter((call) => call.providerExecuted !== true)
    .map((call) => ({ type: "tool_use", id: call.toolCallId, name: call.toolName, input: JSON.stringify(call.input) }));
}

/** Read the texts of one result in the answer. Throws HeadroomError where the answer is of another shape. */
function textsAt(place: Place, answer: readonly unknown[]): string[] {
  const { content } = recordOf(answer[place.entry]);
  const result = recordOf(Array.isArray(content) ? content[place.block] : undefined);
  const parts: unknown[] = Array.isArray(result["content"]) ? result["content"] : [];
  const texts = parts.map((part) => recordOf(part)["text"]).filter((text) => typeof text === "string");
  const isWhole = parts.length === texts.length && texts.length === place.texts.length;
  if (!isWhole || result["tool_use_id"] !== place.call) {
    throw new HeadroomError("garbage", `the answer has not the result of the call ${place.call}`);
  }
  return texts;
}
