/** What the middleware leaves alone, part by part, before the real service. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { type Figures, headroomMiddleware, type HeadroomOptions } from "headroom-ai-sdk";

import { log, noise, PIXEL, rows } from "./support/material.js";
import { type Params, transform } from "./support/params.js";
import { PATIENCE_MS, type Proxy, startProxy } from "./support/proxy.js";

type Prompt = Params["prompt"];
type Part = Extract<Prompt[number], { role: "tool" }>["content"][number];
type Result = Extract<Part, { type: "tool-result" }>;
type Output = Result["output"];

const LONG = log(120);
const TABLE = rows(60);
const NOTED = { acme: { note: "of the provider" } };

let proxy: Proxy;
before(async () => void (proxy = await startProxy("--retrieval", "http")));
after(() => proxy.stop());

async function sent(given: Params, options: HeadroomOptions = {}, model = "openai.responses"): Promise<Params> {
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  const all = { baseUrl: proxy.url, timeoutMs: PATIENCE_MS, onWarning, ...options };
  const params = await transform(headroomMiddleware(all), given, model);
  assert.deepEqual(warnings, []);
  return params;
}

/** Return a prompt in which each of the calls `c0`, `c1`, ... returned one output. */
function prompt(outputs: Output[], toolName = "look_up", extra: object = {}): Prompt {
  return [
    { role: "system", content: LONG, providerOptions: NOTED },
    { role: "user", content: [{ type: "text", text: LONG, providerOptions: NOTED }] },
    ...outputs.flatMap((output, index): Prompt => {
      const toolCallId = `c${index}`;
      const input = { number: index };
      return [
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: LONG, providerOptions: NOTED },
            { type: "text", text: LONG },
            { type: "tool-call", toolCallId, toolName, input, providerOptions: NOTED, ...extra },
          ],
        },
        {
          role: "tool",
          content: [{ type: "tool-result", toolCallId, toolName, output, providerOptions: NOTED }],
          providerOptions: NOTED,
        },
      ];
    }),
  ];
}

/** Return the one result of each tool message. */
function results(params: Params): Result[] {
  const parts = params.prompt.flatMap((one) => (one.role === "tool" ? one.content : []));
  return parts.filter((part) => part.type === "tool-result");
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

test("nothing that was given is changed, and everything but the texts is the very same object", async () => {
  const given = frozen<Params>({
    prompt: prompt([{ type: "text", value: LONG }]),
    temperature: 0,
    headers: { a: "b" },
  });
  const params = await sent(given);
  assert.deepEqual({ ...params, prompt: 0 }, { ...given, prompt: 0 });
  params.prompt.forEach((message, index) => {
    const before = given.prompt[index]!;
    if (message.role !== "tool") return assert.equal(message, before);
    assert.deepEqual({ ...message, content: 0 }, { ...before, content: 0 });
  });
  const [result] = results(params);
  assert.deepEqual({ ...result, output: 0 }, { ...results(given)[0], output: 0 });
  assert.ok(result!.output.type === "text" && result!.output.value.length < LONG.length / 2);
});

describe("these outputs stay", () => {
  const stay: Record<string, Output> = {
    "a text of few words": { type: "text", value: "fine" },
    "an empty text": { type: "text", value: "" },
    "an error text": { type: "error-text", value: LONG },
    "an error value": { type: "error-json", value: TABLE },
    "a denial": { type: "execution-denied", reason: LONG },
    "a value of few fields": { type: "json", value: { fine: true } },
    "no value": { type: "json", value: null },
    "content without text": { type: "content", value: [{ type: "image-data", data: PIXEL, mediaType: "image/png" }] },
    "a value with a cycle": { type: "json", value: cyclic() },
    "a value with a big integer": { type: "json", value: [12n, ...TABLE] as never },
  };
  for (const [name, output] of Object.entries(stay)) {
    for (const model of ["openai.chat", "google.generative-ai"]) {
      test(`${name}, ${model}`, async () => {
        const params = await sent({ prompt: prompt([output, { type: "text", value: LONG }]) }, {}, model);
        assert.equal(results(params)[0]!.output, output);
        assert.notDeepEqual(results(params)[1]!.output, { type: "text", value: LONG });
      });
    }
  }
});

describe("these outputs change, and keep the rest of themselves", () => {
  test("a value becomes a text where its text is what is sent", async () => {
    const output = { type: "json", value: TABLE, providerOptions: NOTED } as const;
    const [result] = results(await sent({ prompt: prompt([output]) }));
    assert.deepEqual({ ...result!.output, value: 0 }, { type: "text", value: 0, providerOptions: NOTED });
    assert.ok(String((result!.output as { value: string }).value).includes('name="order <id>"'));
  });

  test("a value stays a value where the value is sent, and only its long strings change", async () => {
    const value = { kept: TABLE, deep: [{ log: LONG, none: undefined }], date: new Date(0) };
    const output = { type: "json", value: value as never, providerOptions: NOTED } as const;
    for (const model of ["google.generative-ai", "google.vertex.chat", "gateway/google/gemini-2.5-pro"]) {
      const [result] = results(await sent({ prompt: prompt([output]) }, {}, model));
      assert.equal(result!.output.type, "json");
      const changed = (result!.output as unknown as { value: typeof value }).value;
      assert.equal(changed.kept, TABLE);
      assert.equal(changed.date, value.date);
      assert.deepEqual(Object.keys(changed.deep[0]!), ["log", "none"]);
      assert.ok(changed.deep[0]!.log.length < LONG.length / 2);
      assert.equal(value.deep[0]!.log, LONG);
    }
  });

  test("the texts of content change in place, files and unknown parts stay", async () => {
    const image = { type: "image-data", data: PIXEL, mediaType: "image/png" } as const;
    const parts = [
      image,
      { type: "text", text: LONG, providerOptions: NOTED },
      { type: "text", text: "fine" },
      image,
    ] as const;
    const output: Output = { type: "content", value: [...parts] };
    const [result] = results(await sent({ prompt: prompt([output]) }));
    const value = (result!.output as Extract<Output, { type: "content" }>).value;
    assert.deepEqual([value[0], value[2], value[3]], [parts[0], parts[2], parts[3]]);
    assert.deepEqual({ ...value[1], text: 0 }, { ...parts[1], text: 0 });
    assert.ok((value[1] as { text: string }).text.length < LONG.length / 2);
  });
});

test("several results in one message, and approvals between them, keep their order", async () => {
  const given = prompt([{ type: "text", value: LONG }]);
  const message = given.at(-1) as Extract<Prompt[number], { role: "tool" }>;
  const approval = { type: "tool-approval-response", approvalId: "a", approved: true } as const;
  const other: Part = {
    ...(message.content[0] as Result),
    toolCallId: "other",
    output: { type: "json", value: TABLE },
  };
  message.content.unshift(approval, other);
  const params = await sent({ prompt: given });
  const content = (params.prompt.at(-1) as typeof message).content;
  assert.equal(content[0], approval);
  assert.deepEqual(
    content.slice(1).map((part) => (part as Result).toolCallId),
    ["other", "c0"],
  );
  for (const part of content.slice(1))
    assert.ok((part as Result & { output: { value: string } }).output.value.length < 2_500);
});

describe("what providers read themselves stays", () => {
  const output: Output = { type: "json", value: { stdout: LONG, rows: TABLE } };

  test("the value of a tool that the provider defines", async () => {
    const tool = { type: "provider", id: "openai.shell", name: "shell", args: {} } as const;
    const params = await sent({ prompt: prompt([{ type: "json", value: TABLE }], "shell"), tools: [tool] });
    assert.deepEqual(results(params)[0]!.output, { type: "json", value: TABLE });
  });

  test("results of calls that the provider ran", async () => {
    const given = prompt([output], "code", { providerExecuted: true });
    const assistant = given[2] as Extract<Prompt[number], { role: "assistant" }>;
    assistant.content.push({
      type: "tool-result",
      toolCallId: "c0",
      toolName: "code",
      output: { type: "text", value: LONG },
    });
    for (const model of ["openai.responses", "google.generative-ai"]) {
      assert.deepEqual((await sent({ prompt: given }, {}, model)).prompt, given);
    }
  });

  test("tools whose text the model needs to the letter", async () => {
    const given = prompt([{ type: "text", value: LONG }], "read_file");
    assert.deepEqual((await sent({ prompt: given })).prompt, given);
    const excluded = prompt([{ type: "text", value: LONG }]);
    assert.deepEqual((await sent({ prompt: excluded }, { config: { excluded_tools: ["look_*"] } })).prompt, excluded);
  });
});

test("half a character in a result, a question or a call keeps no other result from getting shorter", async () => {
  const half = "\ud83d";
  const given = prompt([
    { type: "text", value: LONG + half },
    { type: "json", value: TABLE },
    { type: "error-text", value: half },
  ]);
  given.push({ role: "user", content: [{ type: "text", text: `go ${half}` }] });
  for (const message of given) {
    if (message.role !== "assistant") continue;
    for (const part of message.content) if (part.type === "tool-call") part.input = { half };
  }
  const found = results(await sent({ prompt: given })).map(({ output }) => output);
  assert.deepEqual(found[0], { type: "text", value: LONG + half });
  assert.equal(found[1]!.type, "text");
  assert.deepEqual(found[2], { type: "error-text", value: half });
});

test("what stands in an earlier result is referred to, unless the provider may drop that", async () => {
  const given: Params = {
    prompt: prompt([
      { type: "text", value: LONG },
      { type: "text", value: LONG },
    ]),
  };
  const second = async (params: Params): Promise<string> => {
    const { output } = results(await sent(params))[1]!;
    return output.type === "text" ? output.value : "";
  };
  assert.match(await second(given), /^\[same text as the result of the earlier call look_up/);
  const lossy: NonNullable<Params["providerOptions"]>[] = [
    { anthropic: { contextManagement: { edits: [] } } },
    { openai: { truncation: "auto" } },
  ];
  for (const providerOptions of lossy) {
    assert.doesNotMatch(await second({ ...given, providerOptions }), /earlier call/);
  }
  assert.match(await second({ ...given, providerOptions: { openai: { truncation: "disabled" } } }), /earlier call/);
});

test("a result may refer to an error, which stays; and calls are counted as the model sees them", async () => {
  const outputs: Output[] = [
    { type: "error-text", value: LONG },
    { type: "text", value: LONG },
    { type: "error-json", value: TABLE },
    { type: "json", value: TABLE },
    { type: "text", value: `${LONG}\nand one line more` },
  ];
  const given = prompt(outputs);
  for (const message of given) {
    if (message.role === "assistant")
      for (const part of message.content) if (part.type === "tool-call") part.input = {};
  }
  const found = results(await sent({ prompt: given })).map(({ output }) => output);
  assert.deepEqual([found[0], found[2]], [outputs[0], outputs[2]]);
  assert.deepEqual(found[1], {
    type: "text",
    value: "[same text as the result of the earlier call look_up {}: 120 lines]",
  });
  assert.deepEqual(found[3], {
    type: "text",
    value: "[same text as the result of the earlier call look_up {} (number 3 of this name): 1 lines]",
  });
  // Lines are referred to only where they were sent as they came.
  assert.match((found[4] as { value: string }).value, /earlier call look_up \{\}.*\n?and one line more$/s);
});

test("nothing is left out, unless the caller names the way to get it back", async () => {
  const given: Params = { prompt: prompt([{ type: "text", value: noise(600) }]) };
  const hashes: string[][] = [];
  const onResult = (figures: Figures): void => void hashes.push(figures.ccr_hashes);
  await sent(given, { onResult });
  await sent(given, { onResult, config: { retrieval: "http" } });
  assert.deepEqual(hashes[0], []);
  assert.equal(hashes[1]!.length, 1);
});

test("what the user asks about stays where something is left out", async () => {
  const [, , word] = noise(600).split("\n")[417]!.split(" ");
  const kept = async (question: string): Promise<boolean> => {
    const given = prompt([{ type: "text", value: noise(600) }]);
    given[1] = { role: "user", content: [{ type: "text", text: question }] };
    const { output } = results(await sent({ prompt: given }, { config: { retrieval: "http" } }))[0]!;
    return output.type === "text" && output.value.includes(word!);
  };
  assert.deepEqual([await kept(`Where did ${word} go?`), await kept("Go on.")], [true, false]);
});

test("figures are told, and what their listener throws does no harm", async () => {
  const given: Params = { prompt: prompt([{ type: "text", value: LONG }]) };
  let saved = 0;
  const onResult = (figures: Figures): void => {
    saved += figures.tokens_saved;
    throw new Error("the listener fails");
  };
  const params = await sent(given, { onResult });
  assert.ok(saved > 500);
  assert.notDeepEqual(params.prompt, given.prompt);
});

test("without tool results nobody is asked", async () => {
  const given: Params = { prompt: prompt([]) };
  let asked = 0;
  const count: typeof fetch = (...request) => fetch(...request).finally(() => (asked += 1));
  assert.deepEqual(await sent(given, { fetch: count }), given);
  assert.equal(asked, 0);
});

function cyclic(): never {
  const value: Record<string, unknown> = { log: LONG };
  value["self"] = value;
  return value as never;
}
