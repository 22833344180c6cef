/** Services that fail, each in its own way, on real sockets. */

import type { HeadroomOptions } from "headroom-ai-sdk";

import { json, type Listening, nowhere, serve } from "./server.js";

export interface Fault {
  name: string;
  /** What a failure of this kind is called, and words of its message. */
  reason: string;
  words: RegExp;
  start(): Promise<Listening>;
  options?: HeadroomOptions;
}

const FIGURES = { tokens_before: 9, tokens_after: 1, tokens_saved: 8, compression_ratio: 0.1 };
const LISTS = { transforms_applied: [], ccr_hashes: [], decisions: [] };
const hasty: HeadroomOptions = { timeoutMs: 150 };

type Messages = Record<string, any>[];

/** Answer with what becomes of the messages that came. */
function answering(
  change: (messages: Messages) => unknown,
  figures: object = { ...FIGURES, ...LISTS },
): Fault["start"] {
  return () =>
    serve((body, _, response) => {
      json(response, { messages: change(JSON.parse(body).messages), ...figures });
    });
}

const writing =
  (text: string, status = 200): Fault["start"] =>
  () =>
    serve((_, __, response) => void response.writeHead(status, { "content-type": "application/json" }).end(text));

const SHAPE = /has not the messages/;
const RESULT = /has not the result of the call/;
const ERROR = JSON.stringify({ error: { message: "No room.", type: "overloaded" } });

export const FAULTS: Fault[] = [
  { name: "is down", reason: "unreachable", words: /nothing answers.*ECONNREFUSED/, start: down },
  {
    name: "hangs up",
    reason: "unreachable",
    words: /nothing answers/,
    start: () => serve((_, request) => void request.socket.destroy()),
  },
  {
    name: "never answers",
    reason: "timeout",
    words: /no answer in 150 ms/,
    start: () => serve(() => undefined),
    options: hasty,
  },
  { name: "stops within its answer", reason: "timeout", words: /no answer in/, start: stopping, options: hasty },
  { name: "breaks off its answer", reason: "unreachable", words: /broke off/, start: breaking },
  { name: "answers 503", reason: "refused", words: /^503 No room\.$/, start: writing(ERROR, 503) },
  { name: "answers 401", reason: "refused", words: /^401$/, start: writing("", 401) },
  {
    name: "answers 404 with a page",
    reason: "refused",
    words: /^404 <html>/,
    start: writing("<html>".repeat(99), 404),
  },
  { name: "leads elsewhere", reason: "refused", words: /^307/, start: redirecting },
  { name: "answers nothing", reason: "garbage", words: /no JSON/, start: writing("") },
  { name: "answers no JSON", reason: "garbage", words: /no JSON/, start: writing('{"messages": [') },
  { name: "answers null", reason: "garbage", words: SHAPE, start: writing("null") },
  { name: "answers a list", reason: "garbage", words: SHAPE, start: writing("[]") },
  { name: "answers no messages", reason: "garbage", words: SHAPE, start: answering(() => undefined) },
  { name: "drops a message", reason: "garbage", words: SHAPE, start: answering((messages) => messages.slice(1)) },
  {
    name: "adds a message",
    reason: "garbage",
    words: SHAPE,
    start: answering((messages) => [...messages, messages[0]]),
  },
  { name: "nulls messages", reason: "garbage", words: SHAPE, start: answering((messages) => messages.map(() => null)) },
  { name: "answers no figures", reason: "garbage", words: /figures/, start: answering((messages) => messages, {}) },
  {
    name: "reorders messages",
    reason: "garbage",
    words: RESULT,
    start: answering((messages) => messages.toReversed()),
  },
  {
    name: "empties messages",
    reason: "garbage",
    words: RESULT,
    start: answering((messages) => messages.map(() => ({}))),
  },
  {
    name: "renames calls",
    reason: "garbage",
    words: RESULT,
    start: answering(onResults((one) => ({ ...one, tool_use_id: "x" }))),
  },
  {
    name: "turns texts into numbers",
    reason: "garbage",
    words: RESULT,
    start: answering(onResults((one) => ({ ...one, content: [{ text: 1 }] }))),
  },
  {
    name: "merges texts",
    reason: "garbage",
    words: RESULT,
    start: answering(onResults((one) => ({ ...one, content: [] }))),
  },
];

function onResults(change: (result: Record<string, any>) => unknown): (messages: Messages) => unknown {
  const changed = (part: Record<string, any>): unknown => (part["type"] === "tool_result" ? change(part) : part);
  return (messages) => messages.map((one) => ({ ...one, content: one["content"].map(changed) }));
}

async function down(): Promise<Listening> {
  return { url: await nowhere(), stop: async () => undefined };
}

function stopping(): Promise<Listening> {
  return serve((_, __, response) => void response.writeHead(200).write('{"messages":'));
}

function breaking(): Promise<Listening> {
  return serve((_, request, response) => {
    response.writeHead(200, { "content-length": "100" }).write("{", () => request.socket.destroy());
  });
}

/** Redirect to a place where the texts must not arrive. */
function redirecting(): Promise<Listening> {
  return serve((_, request, response) => {
    if (request.url !== "/v1/compress") throw new Error("the texts went elsewhere");
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
}
