/** The real `headroom proxy`, a process of its own on a free port. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMMAND = process.env["HEADROOM"] ?? fileURLToPath(new URL("../../../../.venv/bin/headroom", import.meta.url));
const SIGN = "listening on ";

/** A time-out for tests that are not about time-outs: the machine may be busy. */
export const PATIENCE_MS = 60_000;

export interface Proxy {
  url: string;
  /** End it, by default at once, and wait until it is gone. */
  stop(): Promise<void>;
}

export async function startProxy(...options: string[]): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), "headroom-"));
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("HEADROOM"));
  const child = spawn(COMMAND, ["proxy", "--port", "0", "--workspace-dir", folder, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...Object.fromEntries(own), PYTHONUNBUFFERED: "1" },
  });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = await addressOf(child);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

async function addressOf(child: ChildProcess): Promise<string> {
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the proxy ended with ${code} before it listened`)));
  });
  const found = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) {
      if (line.startsWith(SIGN)) return line.slice(SIGN.length).trim();
    }
    throw new Error("the proxy said no address");
  })();
  const url = await Promise.race([found, failed]);
  failed.catch(() => undefined);
  child.stdout!.resume();
  return url;
}
