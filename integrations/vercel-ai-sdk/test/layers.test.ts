/** Two layers do what one does: of this middleware, and of it and the proxy. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { HeadroomError, headroomMiddleware } from "headroom-ai-sdk";
import { APICallError, generateText, type LanguageModelMiddleware, stepCountIs, wrapLanguageModel } from "ai";

import { call, MODELS, MODES, run, TOOLS } from "./support/agent.js";
import { startProvider } from "./support/provider.js";
import { PATIENCE_MS, type Proxy, startProxy } from "./support/proxy.js";
import { nowhere } from "./support/server.js";

const SCRIPT = [call("read_log"), call("query"), call("report"), call("read_log", 1)];
let proxy: Proxy;
before(async () => void (proxy = await startProxy("--retrieval", "off")));
after(() => proxy.stop());

/** Between two layers of ours, one that makes everything anew: the second layer cannot know the first. */
const copying: LanguageModelMiddleware = {
  specificationVersion: "v3",
  transformParams: async ({ params: { abortSignal, ...params } }) => structuredClone(params),
};

interface Sent {
  requests: unknown[];
  asked: number;
}

type Layers = (one: LanguageModelMiddleware) => LanguageModelMiddleware[];

async function sent(api: string, mode: (typeof MODES)[number], layers: Layers): Promise<Sent> {
  const provider = await startProvider(SCRIPT);
  let asked = 0;
  const counting: typeof globalThis.fetch = (...request) => {
    asked += 1;
    return fetch(...request);
  };
  await run(
    MODELS[api]!(provider.url),
    mode,
    layers(headroomMiddleware({ baseUrl: proxy.url, timeoutMs: PATIENCE_MS, fetch: counting })),
  );
  await provider.stop();
  return { requests: provider.requests, asked };
}

for (const api of Object.keys(MODELS)) {
  test(`stacked twice is once, ${api}`, async () => {
    for (const mode of MODES) {
      const once = await sent(api, mode, (one) => [one]);
      const twice = await sent(api, mode, (one) => [
        one,
        headroomMiddleware({ baseUrl: proxy.url, timeoutMs: PATIENCE_MS }),
        one,
      ]);
      assert.deepEqual(twice, once);
      assert.equal(once.asked, SCRIPT.length);
    }
  });

  test(`twice without knowing of each other is once, ${api}`, async () => {
    const once = await sent(api, "generate", (one) => [one]);
    const twice = await sent(api, "generate", (one) => [one, copying, one]);
    assert.deepEqual(twice.requests, once.requests);
    assert.equal(twice.asked, 2 * once.asked);
  });
}

test("a failing service is waited for, and warned of, once in a stack", async () => {
  const provider = await startProvider([call("read_log")]);
  const warnings: HeadroomError[] = [];
  const one = headroomMiddleware({ baseUrl: await nowhere(), onWarning: (warning) => warnings.push(warning) });
  await run(MODELS["chat"]!(provider.url), "generate", [one, one]);
  assert.equal(warnings.length, 1);
  await provider.stop();
});

test("the SDK's own second try asks the service again", async () => {
  const provider = await startProvider([call("read_log")]);
  const failing: LanguageModelMiddleware = { specificationVersion: "v3", wrapGenerate: flaky() };
  const counted: number[] = [];
  const one = headroomMiddleware({
    baseUrl: proxy.url,
    timeoutMs: PATIENCE_MS,
    onResult: (figures) => void counted.push(figures.tokens_saved),
  });
  const model = wrapLanguageModel({ model: MODELS["chat"]!(provider.url), middleware: [one, failing] });
  await generateText({ model, tools: TOOLS, prompt: "go", stopWhen: stepCountIs(3) });
  assert.equal(counted.length, 2);
  assert.ok(counted[0]! > 0);
  assert.equal(counted[0], counted[1]);
  await provider.stop();
});

/** Fail the second call once, in a way that the SDK tries again. */
function flaky(): NonNullable<LanguageModelMiddleware["wrapGenerate"]> {
  let calls = 0;
  return async ({ doGenerate }) => {
    calls += 1;
    if (calls !== 2) return doGenerate();
    throw new APICallError({ message: "busy", url: "", requestBodyValues: {}, statusCode: 503, isRetryable: true });
  };
}
