/** One exchange with the service: which fields go there, and what has to come back. */

import { HeadroomError } from "./failure.js";
import type { Service } from "./service.js";

/** Settings that one request may choose for itself; what is not given is as the proxy was started. */
export interface CompressConfig {
  mode?: "token" | "cache";
  lossless?: boolean;
  retrieval?: "off" | "tool" | "mcp" | "shell" | "http";
  cross_turn?: boolean;
  lossless_tier?: "plain" | "legend" | "max";
  compress_user_messages?: boolean;
  excluded_tools?: readonly string[];
  min_tokens_to_compress?: number;
}

/** What happened to one text, and why. */
export interface Decision {
  path: (string | number)[];
  reason: string;
  role: string;
  tool: string;
  compressor: string;
  encoding: string;
  tokens_before: number;
  tokens_after: number;
}

/** What was saved; the fields are those of the service and of the Python package. */
export interface Figures {
  tokens_before: number;
  tokens_after: number;
  tokens_saved: number;
  /** Tokens after / tokens before; 1 when there are none. */
  compression_ratio: number;
  transforms_applied: string[];
  ccr_hashes: string[];
  decisions: Decision[];
}

/** The messages to send, in the shape and number of those given, and what was saved. */
export interface CompressResult<Message> extends Figures {
  messages: Message[];
}

export interface Question {
  /** The model that will read the messages: its tokens are counted. */
  model?: string;
  /** The tool definitions of the request. */
  tools?: readonly unknown[];
  config?: CompressConfig;
  /** Rejects with the signal's reason when it aborts. */
  signal?: AbortSignal;
}

const RESPONSES_ITEMS = new Set([
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "reasoning",
  "message",
]);

/** Return what an answer says where nothing was done. */
export function noFigures(): Figures {
  const counts = { tokens_before: 0, tokens_after: 0, tokens_saved: 0, compression_ratio: 1 };
  return { ...counts, transforms_applied: [], ccr_hashes: [], decisions: [] };
}

/** Ask the service and check its answer. Rejects with HeadroomError, or with the signal's reason. */
export async function compressed<Message>(
  service: Service,
  messages: readonly Message[],
  { model, tools, config, signal }: Question,
): Promise<CompressResult<Message>> {
  const key = fieldOf(messages);
  const answer = await service({ [key]: messages, model, tools, config }, signal);
  const { [key]: sent, ...figures } = recordOf(answer);
  if (!Array.isArray(sent) || sent.length !== messages.length || !sent.every((one, n) => isAlike(one, messages[n]))) {
    throw new HeadroomError("garbage", "the answer has not the messages that were asked about");
  }
  if (!hasFigures(figures)) throw new HeadroomError("garbage", "the answer has not the figures of a compression");
  return { messages: sent as Message[], ...figures };
}

/** Tell by the items which field of a request body a list belongs to. */
function fieldOf(messages: readonly unknown[]): "messages" | "input" | "contents" {
  for (const item of messages) {
    const { parts, type } = recordOf(item);
    if (parts !== undefined) return "contents";
    if (typeof type === "string" && RESPONSES_ITEMS.has(type)) return "input";
  }
  return "messages";
}

function hasFigures(answer: Record<string, unknown>): answer is Record<string, unknown> & Figures {
  return Object.entries(noFigures()).every(([name, nothing]) => {
    const given = answer[name];
    return Array.isArray(nothing) ? Array.isArray(given) : typeof given === "number";
  });
}

function isAlike(one: unknown, other: unknown): boolean {
  return isObject(one) === isObject(other) && Array.isArray(one) === Array.isArray(other);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Return the value if it is an object, else an empty one. */
export function recordOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
