/** A caller that aborts is obeyed at once, before and while the service is asked. */

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { compress, headroomMiddleware } from "headroom-ai-sdk";

import { call, MODELS, MODES, run } from "./support/agent.js";
import { startProvider } from "./support/provider.js";
import { PATIENCE_MS } from "./support/proxy.js";
import { json, type Listening, serve } from "./support/server.js";

const MESSAGES = [{ role: "tool", tool_call_id: "c", content: "text" }];
const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

/** Serve what never answers; `asked` is resolved when it is asked, `left` when the asking ends. */
async function hanging(): Promise<Listening & { asked: Promise<void>; left: Promise<void> }> {
  let tellAsked = (): void => undefined;
  let tellLeft = (): void => undefined;
  const asked = new Promise<void>((resolve) => (tellAsked = resolve));
  const left = new Promise<void>((resolve) => (tellLeft = resolve));
  const listening = await serve((_, request) => {
    request.socket.once("close", tellLeft);
    tellAsked();
  });
  return { ...listening, asked, left };
}

for (const mode of MODES) {
  test(`an agent that is aborted while the service is asked ends, ${mode}`, { timeout: 60_000 }, async () => {
    const service = await hanging();
    const provider = await startProvider([call("read_log")]);
    const controller = new AbortController();
    let warnings = 0;
    const onWarning = (): void => void (warnings += 1);
    const middleware = headroomMiddleware({ baseUrl: service.url, timeoutMs: 10 * PATIENCE_MS, onWarning });
    const ended = run(MODELS["chat"]!(provider.url), mode, [middleware], controller.signal);
    const outcome = ended.then(
      () => "ended",
      (error) => (isAbort(error) ? "aborted" : error),
    );
    await service.asked;
    controller.abort();
    await service.left;
    assert.ok(["aborted", ...(mode === "stream" ? ["ended"] : [])].includes(await outcome));
    assert.equal(provider.requests.length, 1);
    assert.equal(warnings, 0);
    await service.stop();
    await provider.stop();
  });
}

test("a signal that is aborted already is obeyed before anything is sent", async () => {
  const fetch = (): never => assert.fail("asked");
  const reason = new Error("not needed any more");
  const asked = compress(MESSAGES, { fetch, signal: AbortSignal.abort(reason) });
  await assert.rejects(asked, (error) => error === reason);
});

test("the client rejects with the reason of the abort, whatever it does on failures", async () => {
  for (const onFailure of ["open", "throw"] as const) {
    const service = await hanging();
    const controller = new AbortController();
    const asked = compress(MESSAGES, { baseUrl: service.url, signal: controller.signal, onFailure });
    const outcome = assert.rejects(asked, (error) => error === "enough");
    await service.asked;
    controller.abort("enough");
    await Promise.all([outcome, service.left]);
    await service.stop();
  }
});

test("a fetch that heeds no signal is not waited for", async () => {
  const controller = new AbortController();
  const fetch = (): Promise<Response> => new Promise(() => undefined);
  const asked = compress(MESSAGES, { fetch, signal: controller.signal });
  controller.abort();
  await assert.rejects(asked, isAbort);
  const { messages } = await compress(MESSAGES, { fetch, timeoutMs: 20, onWarning: () => undefined });
  assert.equal(messages, MESSAGES);
});

test("a signal that lives on is let go", async () => {
  const figures = { tokens_before: 1, tokens_after: 1, tokens_saved: 0, compression_ratio: 1 };
  const lists = { transforms_applied: [], ccr_hashes: [], decisions: [] };
  const service = await serve((_, __, response) => json(response, { messages: MESSAGES, ...figures, ...lists }));
  const { signal } = new AbortController();
  for (let n = 0; n < 3; n++) await compress(MESSAGES, { baseUrl: service.url, signal, onFailure: "throw" });
  assert.equal(getEventListeners(signal, "abort").length, 0);
  await service.stop();
});
