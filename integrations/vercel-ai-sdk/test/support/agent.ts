/** One agent of the AI SDK, run to its end against the scripted provider. */

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import {
  generateText,
  type LanguageModelMiddleware,
  type ModelMessage,
  stepCountIs,
  streamText,
  tool,
  wrapLanguageModel,
} from "ai";
import { z } from "zod";

import { log, PIXEL, rows } from "./material.js";
import type { Call } from "./provider.js";

type Model = Parameters<typeof wrapLanguageModel>[0]["model"];
const apiKey = "key";

/** The models of the four APIs, by the name of the API. */
export const MODELS: Record<string, (url: string) => Model> = {
  chat: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat("gpt-4o"),
  responses: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey }).responses("gpt-5"),
  anthropic: (url) => createAnthropic({ baseURL: `${url}/v1`, apiKey })("claude-sonnet-4-5"),
  gemini: (url) => {
    let calls = 0;
    const generateId = (): string => `call_${calls++}`;
    return createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey, generateId })("gemini-2.5-pro");
  },
};
export const MODES = ["generate", "stream"] as const;

export const TEXT = log(120);
export const ROWS = rows(60);
export const REPORT = { host: "db-1", log: log(100, 3), note: "nothing else" };
export const PAGE = log(90, 1);
export const FAILURE = "No order has the number 40.";

/** Tools that return a text, JSON values, content of several parts, and one that fails. */
const number = z.object({ number: z.number() });
export const TOOLS = {
  read_log: tool({ inputSchema: number, execute: () => TEXT }),
  query: tool({ inputSchema: number, execute: () => ROWS }),
  report: tool({ inputSchema: number, execute: () => REPORT }),
  page: tool({
    inputSchema: number,
    execute: () => PAGE,
    toModelOutput: ({ output }) => ({
      type: "content",
      value: [
        { type: "text", text: output },
        { type: "image-data", data: PIXEL, mediaType: "image/png" },
      ],
    }),
  }),
  fail: tool({
    inputSchema: number,
    execute: (): string => {
      throw new Error(FAILURE);
    },
  }),
};

export const call = (name: keyof typeof TOOLS, at = 0): Call => ({ tool: name, input: { number: at } });

export interface Run {
  answer: string;
  /** What the application keeps. */
  history: ModelMessage[];
}

/** Run an agent; with middleware, the first of the list is asked first. */
export async function run(
  model: Model,
  mode: (typeof MODES)[number],
  middleware: LanguageModelMiddleware[] = [],
  abortSignal?: AbortSignal,
): Promise<Run> {
  const settings = {
    model: middleware.length === 0 ? model : wrapLanguageModel({ model, middleware }),
    tools: TOOLS,
    prompt: "Which of the orders failed, and why?",
    stopWhen: stepCountIs(10),
    maxRetries: 0,
    ...(abortSignal && { abortSignal }),
    providerOptions: { openai: { store: false, include: ["reasoning.encrypted_content"] } },
  };
  if (mode === "generate") {
    const { text, response } = await generateText(settings);
    return { answer: text, history: response.messages };
  }
  const failures: unknown[] = [];
  const result = streamText({ ...settings, onError: ({ error }) => void failures.push(error) });
  await result.consumeStream();
  if (failures.length > 0) throw failures[0];
  return { answer: await result.text, history: (await result.response).messages };
}
