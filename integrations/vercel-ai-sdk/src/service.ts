import { HeadroomError } from "./failure.js";

/** Where the service is, and how long to wait for it. */
export interface ServiceOptions {
  /** Address of a running `headroom proxy`, with or without `/v1`. Default: `http://127.0.0.1:8787`. */
  baseUrl?: string;
  /** What the proxy was given as `--token`; sent as `X-Headroom-Token`. */
  token?: string;
  /** Further headers of the request to the service. */
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds from asking to the last byte of the answer. Default: 5000. */
  timeoutMs?: number;
  /** Used instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** Ask the service to compress; return its answer, a JSON value of any shape. */
export type Service = (body: unknown, signal?: AbortSignal) => Promise<unknown>;

const DEFAULT_URL = "http://127.0.0.1:8787";
const DEFAULT_TIMEOUT_MS = 5_000;
/** A longer wait overflows the timers of every JavaScript engine, and would end at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * Return the service that these options name. Throws RangeError or TypeError for options that cannot be used; the
 * service itself rejects with HeadroomError, or with the reason of the signal that aborted it.
 */
export function serviceOf(options: ServiceOptions): Service {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new RangeError(`timeoutMs must lie between 0 and ${MAX_TIMEOUT_MS}, not be ${timeoutMs}`);
  }
  const url = endpointOf(options.baseUrl ?? DEFAULT_URL);
  const headers: Record<string, string> = { ...options.headers, "content-type": "application/json" };
  if (options.token !== undefined) headers["x-headroom-token"] = options.token;
  return (body, signal) => {
    const sent = JSON.stringify(body);
    const send = options.fetch ?? globalThis.fetch;
    return within(timeoutMs, signal, async (stop) => {
      // A redirect could carry the token and the texts to another host.
      const request: RequestInit = { method: "POST", headers, body: sent, redirect: "manual", signal: stop };
      return read(await reached(send(url, request), url));
    });
  };
}

/** Return the address to ask: base URLs come with a trailing slash or `/v1`, or without. */
function endpointOf(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`baseUrl must be an http or https address, not ${baseUrl}`);
  }
  const path = url.pathname.replace(/\/$/, "");
  url.pathname = `${path.endsWith("/v1") ? path : `${path}/v1`}/compress`;
  return url.href;
}

async function reached(answer: Promise<Response>, url: string): Promise<Response> {
  try {
    return await answer;
  } catch (cause) {
    throw new HeadroomError("unreachable", `nothing answers at ${url}: ${told(cause)}`, { cause });
  }
}

async function read(response: Response): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (cause) {
    throw new HeadroomError("unreachable", `the answer broke off: ${told(cause)}`, { cause });
  }
  if (!response.ok) {
    throw new HeadroomError("refused", `${response.status} ${wordsOf(text)}`.trim(), { status: response.status });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HeadroomError("garbage", "the answer is no JSON", { cause });
  }
}

/** Return the message of an error body of the service, of any other body its beginning. */
function wordsOf(text: string): string {
  try {
    const message: unknown = JSON.parse(text)?.error?.message;
    if (typeof message === "string") return message;
  } catch {
    // Not of the service; the beginning tells more.
  }
  return text.slice(0, 200);
}

function told(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message || cause.message : cause.message;
}

/** Do work that ends when it is done, the time is over, or the caller aborts; whichever is first. */
async function within<T>(
  timeoutMs: number,
  caller: AbortSignal | undefined,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  caller?.throwIfAborted();
  const controller = new AbortController();
  let release = (): void => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const stop = (reason: unknown): void => {
        reject(reason);
        controller.abort(reason);
      };
      const abort = (): void => stop(caller?.reason);
      const timer = setTimeout(() => stop(new HeadroomError("timeout", `no answer in ${timeoutMs} ms`)), timeoutMs);
      caller?.addEventListener("abort", abort, { once: true });
      release = () => {
        clearTimeout(timer);
        caller?.removeEventListener("abort", abort);
      };
      work(controller.signal).then(resolve, reject);
    });
  } finally {
    release();
  }
}
