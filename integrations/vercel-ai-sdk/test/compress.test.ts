/** The client: messages of every shape through the real service. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { compress, HeadroomError } from "headroom-ai-sdk/compress";

import { changes } from "./support/changes.js";
import { log, noise } from "./support/material.js";
import { PATIENCE_MS, type Proxy, startProxy } from "./support/proxy.js";

const LONG = log(120);
const TOKEN = "a-long-token-of-the-operator";

let proxy: Proxy;
let baseUrl: string;
before(async () => {
  proxy = await startProxy();
  baseUrl = proxy.url;
});
after(() => proxy.stop());

const SHAPES: Record<string, object[]> = {
  "OpenAI chat completions": [
    { role: "user", content: "go" },
    { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "look_up", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "c", content: LONG },
  ],
  "OpenAI Responses": [
    { role: "user", content: "go" },
    { type: "function_call", call_id: "c", name: "look_up", arguments: "{}" },
    { type: "function_call_output", call_id: "c", output: LONG },
  ],
  Anthropic: [
    { role: "user", content: "go" },
    { role: "assistant", content: [{ type: "tool_use", id: "c", name: "look_up", input: {} }] },
    {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: "c", content: LONG, cache_control: { type: "ephemeral" } }],
    },
  ],
  Gemini: [
    { role: "user", parts: [{ text: "go" }] },
    { role: "model", parts: [{ functionCall: { name: "look_up", args: {} } }] },
    { role: "user", parts: [{ functionResponse: { name: "look_up", response: { output: LONG } } }] },
  ],
};

describe("messages get shorter in the shape of", () => {
  for (const [name, messages] of Object.entries(SHAPES)) {
    test(name, async () => {
      const copy = structuredClone(messages);
      const result = await compress(messages, { baseUrl, model: "gpt-4o", timeoutMs: PATIENCE_MS, onFailure: "throw" });
      assert.deepEqual(messages, copy);
      const found = changes(messages, result.messages);
      assert.deepEqual(
        found.map((change) => change.before),
        [LONG],
      );
      assert.ok(String(found[0]!.after).length < LONG.length / 2);
      assert.equal(result.tokens_saved, result.tokens_before - result.tokens_after);
      assert.ok(result.tokens_saved > 500);
      assert.equal(result.compression_ratio, result.tokens_after / result.tokens_before);
      assert.equal(result.transforms_applied.length, 1);
      assert.deepEqual(result.ccr_hashes, []);
      assert.deepEqual(result.decisions.at(-1)!.reason, "compressed");
    });
  }
});

test("the fields are those of the service, no more and no fewer", async () => {
  const body = JSON.stringify({ messages: SHAPES["Anthropic"] });
  const answer = await (await fetch(`${baseUrl}/v1/compress`, { method: "POST", body })).json();
  const result = await compress(SHAPES["Anthropic"]!, { baseUrl, timeoutMs: PATIENCE_MS });
  assert.deepEqual(result, answer);
});

test("a base URL may end in a slash or in /v1", async () => {
  for (const end of ["", "/", "/v1", "/v1/"]) {
    await compress(SHAPES["Anthropic"]!, { baseUrl: baseUrl + end, timeoutMs: PATIENCE_MS, onFailure: "throw" });
  }
});

test("settings of one request are its own", async () => {
  const off = await compress(SHAPES["Anthropic"]!, {
    baseUrl,
    config: { excluded_tools: ["look_up"] },
    timeoutMs: PATIENCE_MS,
    onFailure: "throw",
  });
  assert.deepEqual(off.messages, SHAPES["Anthropic"]);
  const wrong = compress([], { baseUrl, config: { ratio: 1 } as never, timeoutMs: PATIENCE_MS, onFailure: "throw" });
  await assert.rejects(
    wrong,
    (error) => error instanceof HeadroomError && /config.ratio/.test(error.message) && error.status === 400,
  );
});

test("with a way to get it back, something may be left out, and is there to be had", async () => {
  const messages = SHAPES["Anthropic"]!.slice(0, 2).concat([
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: noise(600) }] },
  ]);
  const tools = [{ name: "look_up", input_schema: { type: "object" } }];
  const { ccr_hashes: kept } = await compress(messages, {
    baseUrl,
    tools,
    config: { retrieval: "http" },
    timeoutMs: PATIENCE_MS,
    onFailure: "throw",
  });
  assert.equal(kept.length, 1);
  const { original_content: original } = await (await fetch(`${baseUrl}/v1/retrieve/${kept[0]}`)).json();
  assert.equal(original, noise(600));
});

test("a proxy with a token wants it", async () => {
  const guarded = await startProxy("--token", TOKEN);
  const messages = SHAPES["Anthropic"]!;
  const result = await compress(messages, {
    baseUrl: guarded.url,
    token: TOKEN,
    timeoutMs: PATIENCE_MS,
    onFailure: "throw",
  });
  assert.ok(result.tokens_saved > 0);
  const refused = compress(messages, { baseUrl: guarded.url, timeoutMs: PATIENCE_MS, onFailure: "throw" });
  await assert.rejects(refused, (error) => error instanceof HeadroomError && error.status === 401);
  const headers = { authorization: `Bearer ${TOKEN}` };
  assert.ok(
    (await compress(messages, { baseUrl: guarded.url, headers, timeoutMs: PATIENCE_MS, onFailure: "throw" }))
      .tokens_saved > 0,
  );
  await guarded.stop();
});
