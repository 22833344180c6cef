/** The service for any JavaScript program: messages in, shorter messages out. Needs no other package. */

import { compressed, type CompressResult, noFigures, type Question } from "./exchange.js";
import { failureOf, type OnWarning, warner } from "./failure.js";
import { type ServiceOptions, serviceOf } from "./service.js";

export type { CompressConfig, CompressResult, Decision, Figures } from "./exchange.js";
export { type FailureReason, HeadroomError, type OnWarning } from "./failure.js";
export type { ServiceOptions } from "./service.js";

export interface CompressOptions extends ServiceOptions, Question {
  /** What to do when the service fails: return the messages as they came (`"open"`, the default), or reject. */
  onFailure?: "open" | "throw";
  /** Told of failures; default: the console, the first time. Not called with `onFailure: "throw"`. */
  onWarning?: OnWarning;
}

const warnOnConsole = warner(undefined);

/**
 * Shorten the tool results of a conversation: a list of messages of OpenAI chat completions, OpenAI Responses
 * (`input`), Anthropic or Gemini (`contents`).
 *
 * The list and its messages are never changed. If the service fails, the result has the very list that was given, and
 * zero tokens.
 */
export async function compress<Message>(
  messages: readonly Message[],
  options: CompressOptions = {},
): Promise<CompressResult<Message>> {
  const service = serviceOf(options);
  try {
    return await compressed(service, messages, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = failureOf(error);
    if (options.onFailure === "throw") throw failure;
    (options.onWarning === undefined ? warnOnConsole : warner(options.onWarning))(failure);
    return { messages: messages as Message[], ...noFigures() };
  }
}
