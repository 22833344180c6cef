/**
 * A provider behind a real socket that speaks four APIs, streamed or not: OpenAI chat completions and Responses,
 * Anthropic messages, Gemini generateContent.
 *
 * It thinks, calls the next tool of its script, once a request, and answers when the request holds all their results.
 */

import { json, type Listening, serve } from "./server.js";

export type Call = { tool: string; input: Record<string, unknown> };
export const ANSWER = "All of it is in order.";
const THOUGHT = "The next thing to look at is clear.";

/** What the model says in one answer: a thought, then a call or a text. */
type Saying = { number: number; call: Call | undefined };
type Body = Record<string, any>;
/** How one API counts the results in a request, and says a saying whole and as events. */
interface Api {
  path: RegExp;
  results(body: Body): number;
  whole(saying: Saying): Body;
  events(saying: Saying): { name?: string; data: Body }[];
}

export interface Provider extends Listening {
  /** The bodies that came, in order. */
  requests: Body[];
}

export async function startProvider(script: readonly Call[]): Promise<Provider> {
  const requests: Body[] = [];
  const listening = await serve((text, request, response) => {
    const body: Body = JSON.parse(text);
    const path = request.url ?? "";
    const api = APIS.find((one) => one.path.test(path));
    if (api === undefined) return json(response, { error: { message: `unknown path ${path}` } }, 404);
    requests.push(body);
    const number = api.results(body);
    const saying = { number, call: script[number] };
    if (body["stream"] !== true && !path.includes(":stream")) return json(response, api.whole(saying));
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const { name, data } of api.events(saying)) {
      response.write(`${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
    }
    response.end();
  });
  return { ...listening, requests };
}

const id = ({ number }: Saying): string => `call_${number}`;

const chat: Api = {
  path: /\/chat\/completions$/,
  results: ({ messages }) => messages.filter((message: Body) => message["role"] === "tool").length,
  whole: (saying) => ({
    ...chatBase,
    choices: [{ index: 0, message: chatMessage(saying), ...chatEnd(saying) }],
    usage: chatUsage,
  }),
  events: (saying) => {
    const calls = chatMessage(saying)["tool_calls"]?.map((call: Body) => ({ ...call, index: 0 }));
    const delta = { ...chatMessage(saying), ...(calls && { tool_calls: calls }) };
    const choices = [
      { delta, finish_reason: null },
      { delta: {}, ...chatEnd(saying) },
    ];
    return [
      ...choices.map((choice) => ({ data: { ...chatBase, choices: [{ index: 0, ...choice }] } })),
      { data: { ...chatBase, choices: [], usage: chatUsage } },
    ];
  },
};
const chatBase = { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-4o" };
const chatUsage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const chatEnd = ({ call }: Saying): Body => ({ finish_reason: call === undefined ? "stop" : "tool_calls" });
function chatMessage(saying: Saying): Body {
  if (saying.call === undefined) return { role: "assistant", content: ANSWER };
  const { tool, input } = saying.call;
  const call = { id: id(saying), type: "function", function: { name: tool, arguments: JSON.stringify(input) } };
  return { role: "assistant", content: null, tool_calls: [call] };
}

const responses: Api = {
  path: /\/responses$/,
  results: ({ input }) => input.filter((item: Body) => item["type"] === "function_call_output").length,
  whole: (saying) => ({ ...responsesBase, status: "completed", output: responsesItems(saying), usage: responsesUsage }),
  events: (saying) => {
    const events: Body[] = [
      { type: "response.created", response: { ...responsesBase, status: "in_progress", output: [] } },
    ];
    responsesItems(saying).forEach((item, index) => {
      events.push({ type: "response.output_item.added", output_index: index, item: begun(item) });
      events.push(...responsesDeltas(item, index));
      events.push({ type: "response.output_item.done", output_index: index, item });
    });
    events.push({ type: "response.completed", response: responses.whole(saying) });
    return events.map((event, index) => ({ data: { ...event, sequence_number: index } }));
  },
};
const responsesBase = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "gpt-5",
  error: null,
  incomplete_details: null,
};
const responsesUsage = { input_tokens: 11, output_tokens: 7, total_tokens: 18 };
function responsesItems(saying: Saying): Body[] {
  const { number, call } = saying;
  const text = { type: "output_text", text: ANSWER, annotations: [] };
  const summary = [{ type: "summary_text", text: THOUGHT }];
  const last =
    call === undefined
      ? { type: "message", id: `msg_${number}`, role: "assistant", status: "completed", content: [text] }
      : { type: "function_call", id: `fc_${number}`, call_id: id(saying), ...named(call), status: "completed" };
  return [{ type: "reasoning", id: `rs_${number}`, summary, encrypted_content: `sealed ${number}` }, last];
}
const named = ({ tool, input }: Call): Body => ({ name: tool, arguments: JSON.stringify(input) });
const begun = (item: Body): Body => ({
  ...item,
  ...(item["type"] === "function_call" ? { arguments: "" } : { content: [] }),
});
function responsesDeltas(item: Body, index: number): Body[] {
  const at = { item_id: item["id"], output_index: index };
  if (item["type"] === "reasoning") {
    const part = { ...at, summary_index: 0, part: { type: "summary_text", text: "" } };
    return [
      { type: "response.reasoning_summary_part.added", ...part },
      { type: "response.reasoning_summary_text.delta", ...at, summary_index: 0, delta: THOUGHT },
      { type: "response.reasoning_summary_part.done", ...part },
    ];
  }
  if (item["type"] === "message")
    return [{ type: "response.output_text.delta", ...at, content_index: 0, delta: ANSWER }];
  return [{ type: "response.function_call_arguments.delta", ...at, delta: item["arguments"] }];
}

const anthropic: Api = {
  path: /\/messages$/,
  results: ({ messages }) => messages.flatMap((one: Body) => one["content"]).filter(isToolResult).length,
  whole: (saying) => ({ ...anthropicBase, content: anthropicBlocks(saying), ...anthropicEnd(saying) }),
  events: (saying) => [
    event({ type: "message_start", message: { ...anthropicBase, content: [], stop_reason: null } }),
    ...anthropicBlocks(saying).flatMap((block, index) => anthropicDeltas(block, index).map(event)),
    event({ type: "message_delta", delta: anthropicEnd(saying), usage: { output_tokens: 7 } }),
    event({ type: "message_stop" }),
  ],
};
const event = (data: Body): { name: string; data: Body } => ({ name: data["type"], data });
const isToolResult = (block: Body): boolean => block["type"] === "tool_result";
const anthropicUsage = { input_tokens: 11, output_tokens: 7 };
const anthropicBase = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5",
  usage: anthropicUsage,
};
const anthropicEnd = ({ call }: Saying): Body => ({
  stop_reason: call === undefined ? "end_turn" : "tool_use",
  stop_sequence: null,
});
function anthropicBlocks(saying: Saying): Body[] {
  const { number, call } = saying;
  const thought = { type: "thinking", thinking: THOUGHT, signature: `signed ${number}` };
  if (call === undefined) return [thought, { type: "text", text: ANSWER }];
  return [thought, { type: "tool_use", id: id(saying), name: call.tool, input: call.input }];
}
function anthropicDeltas(block: Body, index: number): Body[] {
  const empty: Record<string, Body> = {
    thinking: { thinking: "", signature: "" },
    text: { text: "" },
    tool_use: { input: {} },
  };
  const deltas: Record<string, Body[]> = {
    thinking: [
      { type: "thinking_delta", thinking: block["thinking"] },
      { type: "signature_delta", signature: block["signature"] },
    ],
    text: [{ type: "text_delta", text: block["text"] }],
    tool_use: [{ type: "input_json_delta", partial_json: JSON.stringify(block["input"]) }],
  };
  return [
    { type: "content_block_start", index, content_block: { ...block, ...empty[block["type"]] } },
    ...deltas[block["type"]]!.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}

const gemini: Api = {
  path: /:(stream)?[gG]enerateContent/,
  results: ({ contents }) => contents.flatMap((one: Body) => one["parts"]).filter(isFunctionResponse).length,
  whole: ({ number, call }) => {
    const last =
      call === undefined
        ? { text: ANSWER }
        : { functionCall: { name: call.tool, args: call.input }, thoughtSignature: `signed ${number}` };
    const parts = [{ text: THOUGHT, thought: true }, last];
    const usage = { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 };
    return {
      candidates: [{ index: 0, content: { role: "model", parts }, finishReason: "STOP" }],
      usageMetadata: usage,
    };
  },
  events: (saying) => [{ data: gemini.whole(saying) }],
};
const isFunctionResponse = (part: Body): boolean => "functionResponse" in part;

const APIS = [chat, responses, anthropic, gemini];
