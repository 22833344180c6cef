/** The example runs, and so does every program in the README. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import * as everything from "headroom-ai-sdk";
import * as client from "headroom-ai-sdk/compress";

import { ANSWER, type Provider, startProvider } from "./support/provider.js";
import { type Proxy, startProxy } from "./support/proxy.js";
import { nowhere } from "./support/server.js";

const HOME = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(`${HOME}README.md`, "utf8");
const PROGRAMS = [...README.matchAll(/```js\n(.*?)```/gs)].map((found) => found[1]!);

let proxy: Proxy;
let provider: Provider;
before(async () => {
  proxy = await startProxy();
  provider = await startProvider([{ tool: "query", input: { number: 1 } }]);
});
after(() => Promise.all([proxy.stop(), provider.stop()]));

async function output(file: string, also: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, OPENAI_API_KEY: "key", OPENAI_BASE_URL: `${provider.url}/v1`, ...also };
  return promisify(execFile)(process.execPath, [file], { cwd: HOME, env });
}

async function printed(program: string): Promise<string> {
  const file = `${HOME}build/readme.mjs`;
  writeFileSync(file, program.replaceAll("http://127.0.0.1:8787", proxy.url));
  const { stdout } = await output(file, {}).finally(() => rmSync(file));
  return stdout;
}

test("the program for the AI SDK runs, and the model is sent the short form", async () => {
  assert.equal(await printed(PROGRAMS[0]!), `${ANSWER}\n`);
  assert.match(JSON.stringify(provider.requests.at(-1)), /\[table 1: 100 rows/);
});

test("the program without it runs", async () => {
  assert.equal(PROGRAMS.length, 2);
  const [before, after] = (await printed(PROGRAMS[1]!)).split(" -> ").map(Number);
  assert.ok(after! > 0 && after! < before! / 2);
});

test("the example is of at most 40 lines and runs, with a proxy and without", async () => {
  assert.ok(readFileSync(`${HOME}example.mjs`, "utf8").split("\n").length <= 41);
  const { stdout, stderr } = await output("example.mjs", { HEADROOM_URL: proxy.url });
  const [sent, kept] = [...stdout.matchAll(/(?:sent|has) (\d+)/g)].map((found) => Number(found[1]));
  assert.ok(sent! < kept! / 2);
  assert.match(stdout, /Order 117 failed\.\n$/);
  assert.equal(stderr, "");
  const alone = await output("example.mjs", { HEADROOM_URL: await nowhere() });
  assert.match(alone.stdout, /Order 117 failed\.\n$/);
  assert.match(alone.stderr, /^headroom: sent as it came \(unreachable\)/);
});

test("the page of the documentation has the program of the README", (t) => {
  const page = `${HOME}../../docs/integrations/vercel-ai-sdk.md`;
  if (!existsSync(page)) return t.skip("a copy of the package alone");
  const programs = [...readFileSync(page, "utf8").matchAll(/```js\n(.*?)```/gs)].map((found) => found[1]);
  assert.deepEqual(programs, [PROGRAMS[0]]);
});

test("the README names every option, and the package exports what it names", () => {
  const options = ["baseUrl", "token", "headers", "timeoutMs", "config", "onWarning", "onResult", "fetch"];
  for (const option of options) assert.match(README, new RegExp(`\`${option}\``));
  assert.deepEqual(Object.keys(everything).sort(), ["HeadroomError", "compress", "headroomMiddleware"]);
  assert.deepEqual(Object.keys(client).sort(), ["HeadroomError", "compress"]);
});
