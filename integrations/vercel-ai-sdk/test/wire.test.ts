/** What a model is sent, and what the application keeps, over four APIs, generated and streamed. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { headroomMiddleware } from "headroom-ai-sdk";

import { call, MODELS, MODES, PAGE, REPORT, ROWS, run, type Run, TEXT } from "./support/agent.js";
import { changes } from "./support/changes.js";
import { ANSWER, type Call, startProvider } from "./support/provider.js";
import { PATIENCE_MS, type Proxy, startProxy } from "./support/proxy.js";

const SCRIPT = [call("read_log"), call("query"), call("report"), call("fail"), call("query", 1), call("read_log", 2)];
/** The outputs as texts of a request; Gemini is sent values, whose long strings are texts. */
const TEXTS = new Map<unknown, string>([
  [TEXT, "log"],
  [JSON.stringify(ROWS), "rows"],
  [JSON.stringify(REPORT), "report"],
  [REPORT.log, "log in the report"],
]);

let proxy: Proxy;
before(async () => void (proxy = await startProxy("--retrieval", "off")));
after(() => proxy.stop());

interface Seen extends Run {
  requests: Record<string, any>[];
}

async function seen(api: string, mode: (typeof MODES)[number], script: Call[], isShort: boolean): Promise<Seen> {
  const provider = await startProvider(script);
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  const middleware = headroomMiddleware({ baseUrl: proxy.url, timeoutMs: PATIENCE_MS, onWarning });
  try {
    const done = await run(MODELS[api]!(provider.url), mode, isShort ? [middleware] : []);
    assert.deepEqual(warnings, []);
    return { ...done, requests: provider.requests };
  } finally {
    await provider.stop();
  }
}

for (const api of Object.keys(MODELS)) {
  for (const mode of MODES) {
    describe(`${api}, ${mode}`, () => {
      let plain: Seen;
      let short: Seen;
      before(async () => {
        [plain, short] = await Promise.all([seen(api, mode, SCRIPT, false), seen(api, mode, SCRIPT, true)]);
      });

      test("the model gets the short form and nothing else changes", () => {
        const found = changes(plain.requests, short.requests);
        const names = new Set(found.map((change) => TEXTS.get(change.before) ?? change.path));
        names.delete("report"); // Whether this one gets shorter is for the service to say.
        assert.deepEqual(names, new Set(["log", api === "gemini" ? "log in the report" : "rows"]));
        for (const { before, after, path } of found) {
          assert.ok(typeof after === "string" && after.length < String(before).length / 1.5, path);
        }
      });

      test("the application keeps the whole, and the answer", () => {
        assert.deepEqual(short.history, plain.history);
        assert.equal(short.answer, ANSWER);
        const kept = JSON.stringify(short.history);
        for (const text of [TEXT, ROWS, REPORT]) assert.ok(kept.includes(JSON.stringify(text)));
      });

      test("what the model thought goes back as it came", () => {
        const last = JSON.stringify(short.requests.at(-1));
        const seals = last.match(/(sealed|signed) \d/g) ?? [];
        assert.equal(seals.length, api === "chat" ? 0 : SCRIPT.length);
      });

      test("what was sent stands on later turns", () => {
        const spoken = short.requests.map((body) => body["messages"] ?? body["input"] ?? body["contents"]);
        assert.equal(spoken.length, SCRIPT.length + 1);
        spoken.slice(1).forEach((later, index) => {
          assert.deepEqual(later.slice(0, spoken[index].length), spoken[index]);
        });
      });

      test("the model is sent what the proxy itself would send", async () => {
        const provider = await startProvider(SCRIPT);
        const urls = ["openai", "anthropic", "gemini"].flatMap((name) => [`--${name}-api-url`, provider.url]);
        const between = await startProxy("--retrieval", "off", ...urls);
        try {
          await run(MODELS[api]!(between.url), mode);
          assert.deepEqual(short.requests, provider.requests);
        } finally {
          await between.stop();
          await provider.stop();
        }
      });

      test("of content in parts, the texts change and nothing else", async () => {
        const [long, brief] = await Promise.all([
          seen(api, mode, [call("page")], false),
          seen(api, mode, [call("page")], true),
        ]);
        const found = changes(long.requests, brief.requests);
        assert.equal(found.length, 1);
        assert.ok(String(found[0]!.before).includes(JSON.stringify(PAGE).slice(1, 40)));
        assert.ok(String(found[0]!.after).length < PAGE.length / 2);
        assert.deepEqual(brief.history, long.history);
      });
    });
  }
}
