/** Whatever the service does, the call goes on as it came, and one warning says why. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { compress, HeadroomError, headroomMiddleware, type HeadroomOptions } from "headroom-ai-sdk";

import { call, MODELS, MODES, run, TEXT } from "./support/agent.js";
import { FAULTS } from "./support/faulty.js";
import { log } from "./support/material.js";
import { type Params, transform } from "./support/params.js";
import { ANSWER, startProvider } from "./support/provider.js";
import { PATIENCE_MS, startProxy } from "./support/proxy.js";
import { nowhere } from "./support/server.js";

const LONG = log(120);
const PARAMS: Params = {
  prompt: [
    { role: "user", content: [{ type: "text", text: "go" }] },
    { role: "assistant", content: [{ type: "tool-call", toolCallId: "c", toolName: "look_up", input: {} }] },
    {
      role: "tool",
      content: [{ type: "tool-result", toolCallId: "c", toolName: "look_up", output: { type: "text", value: LONG } }],
    },
  ],
};
const MESSAGES = [{ role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: LONG }] }];

for (const fault of FAULTS) {
  describe(`a service that ${fault.name}`, () => {
    test("lets the call go on, with one warning", async () => {
      const service = await fault.start();
      const warnings: HeadroomError[] = [];
      const middleware = headroomMiddleware({
        baseUrl: service.url,
        ...fault.options,
        onWarning: (one) => warnings.push(one),
      });
      assert.deepEqual(await transform(middleware, PARAMS), PARAMS);
      assert.deepEqual(
        warnings.map((one) => one.reason),
        [fault.reason],
      );
      assert.match(warnings[0]!.message, fault.words);
      await service.stop();
    });

    test("lets the client have its messages back, or the error", async () => {
      const service = await fault.start();
      const options = { baseUrl: service.url, ...fault.options };
      const warnings: HeadroomError[] = [];
      const result = await compress(MESSAGES, { ...options, onWarning: (one) => warnings.push(one) }).finally(
        service.stop,
      );
      if (fault.words.source.includes("result of the call")) return; // Only the middleware looks so closely.
      assert.equal(result.messages, MESSAGES);
      assert.deepEqual([result.tokens_before, result.tokens_saved, result.compression_ratio], [0, 0, 1]);
      assert.deepEqual(
        warnings.map((one) => one.reason),
        [fault.reason],
      );
      const again = await fault.start();
      const strict = compress(MESSAGES, { ...options, baseUrl: again.url, onFailure: "throw" }).finally(again.stop);
      await assert.rejects(strict, (error) => error instanceof HeadroomError && error.reason === fault.reason);
    });
  });
}

for (const mode of MODES) {
  test(`an agent goes on when the proxy is killed in mid-conversation, ${mode}`, async () => {
    const proxy = await startProxy();
    const script = [call("read_log"), call("read_log", 1), call("query")];
    const provider = await startProvider(script);
    const results: number[] = [];
    const warnings: HeadroomError[] = [];
    const options: HeadroomOptions = {
      baseUrl: proxy.url,
      onResult: ({ tokens_saved: saved }) => void (results.push(saved), void proxy.stop()),
      onWarning: (one) => warnings.push(one),
    };
    const { answer, history } = await run(MODELS["chat"]!(provider.url), mode, [headroomMiddleware(options)]);
    assert.equal(answer, ANSWER);
    assert.equal(results.length, 1);
    assert.equal(warnings.length, 2);
    assert.ok(JSON.stringify(history).includes(JSON.stringify(TEXT)));
    assert.ok(JSON.stringify(provider.requests.at(-1)).includes(JSON.stringify(TEXT)));
    await provider.stop();
    await proxy.stop();
  });
}

test("a prompt that went on as it came is worked on when it comes again", async () => {
  const proxy = await startProxy();
  let isDown = true;
  const send: typeof globalThis.fetch = (...request) =>
    isDown ? Promise.reject(new Error("down")) : fetch(...request);
  const options = { baseUrl: proxy.url, timeoutMs: PATIENCE_MS, fetch: send, onWarning: () => undefined };
  const middleware = headroomMiddleware(options);
  assert.deepEqual(await transform(middleware, PARAMS), PARAMS);
  isDown = false;
  assert.notDeepEqual(await transform(middleware, PARAMS), PARAMS);
  await proxy.stop();
});

test("an error of ours in reading a prompt is one of these failures too", async () => {
  const warnings: HeadroomError[] = [];
  const prompt = [...PARAMS.prompt, { role: "tool", content: null as never }] as Params["prompt"];
  const given: Params = { prompt };
  assert.deepEqual(await transform(headroomMiddleware({ onWarning: (one) => warnings.push(one) }), given), given);
  assert.deepEqual(
    warnings.map((one) => one.reason),
    ["internal"],
  );
});

test("what the warning's listener throws, at once or later, does no harm", async () => {
  const baseUrl = await nowhere();
  const listeners: HeadroomOptions["onWarning"][] = [
    () => assert.fail("the listener fails"),
    (async () => assert.fail("the listener fails later")) as () => void,
  ];
  for (const onWarning of listeners) {
    assert.deepEqual(await transform(headroomMiddleware({ baseUrl, onWarning: onWarning! }), PARAMS), PARAMS);
  }
});

test("without a listener the console is told, the first time", async (t) => {
  const warn = t.mock.method(console, "warn", () => undefined);
  const middleware = headroomMiddleware({ baseUrl: await nowhere() });
  for (let n = 0; n < 3; n++) await transform(middleware, PARAMS);
  assert.equal(warn.mock.callCount(), 1);
  assert.match(String(warn.mock.calls[0]!.arguments[0]), /^headroom: sent as it came \(unreachable\): /);
});

test("options that cannot be used are errors at once", async () => {
  for (const timeoutMs of [0, -1, Number.NaN, Infinity, 2 ** 31]) {
    assert.throws(() => headroomMiddleware({ timeoutMs }), RangeError);
  }
  for (const baseUrl of ["", "127.0.0.1:8787", "ftp://127.0.0.1"]) {
    assert.throws(() => headroomMiddleware({ baseUrl }), TypeError);
    await assert.rejects(compress([], { baseUrl }), TypeError);
  }
});
