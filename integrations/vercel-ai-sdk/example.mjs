// An agent that reads 200 orders, with a model that is played by a script: needs nothing but a running
// `headroom proxy`, at HEADROOM_URL or on its usual port. Without one it runs as well, and nothing gets shorter.
import { generateText, stepCountIs, tool, wrapLanguageModel } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { headroomMiddleware } from "headroom-ai-sdk";
import { z } from "zod";

const orders = Array.from({ length: 200 }, (_, id) => ({
  id,
  status: id === 117 ? "failed" : "shipped",
  total: id * 3,
}));
const listOrders = tool({ inputSchema: z.object({}), execute: () => orders });

const usage = { inputTokens: { total: 11 }, outputTokens: { total: 7 } };
const call = { type: "tool-call", toolCallId: "call_1", toolName: "listOrders", input: "{}" };
const answer = { type: "text", text: "Order 117 failed." };
const scripted = new MockLanguageModelV3({
  doGenerate: async ({ prompt }) => {
    const isCalled = prompt.some((message) => message.role === "tool");
    const finishReason = { unified: isCalled ? "stop" : "tool-calls", raw: undefined };
    return { content: [isCalled ? answer : call], finishReason, usage, warnings: [] };
  },
});

const model = wrapLanguageModel({
  model: scripted,
  middleware: headroomMiddleware({
    baseUrl: process.env.HEADROOM_URL ?? "http://127.0.0.1:8787",
    onResult: ({ tokens_before, tokens_after }) => console.log(`tokens: ${tokens_before} -> ${tokens_after}`),
  }),
});
const prompt = "Which of the orders failed?";
const { text, response } = await generateText({ model, tools: { listOrders }, prompt, stopWhen: stepCountIs(3) });

const size = (value) => JSON.stringify(value).length;
console.log(`the model was sent ${size(scripted.doGenerateCalls[1].prompt)} characters`);
console.log(`the history has ${size(response.messages)}`);
console.log(text);
