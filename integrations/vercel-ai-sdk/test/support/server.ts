/** Servers on free ports of this machine. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Listening {
  url: string;
  stop(): Promise<void>;
}

export type Handler = (body: string, request: IncomingMessage, response: ServerResponse) => void;

/** Serve HTTP; the handler gets each request when its body is there. */
export async function serve(handler: Handler): Promise<Listening> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => handler(Buffer.concat(parts).toString("utf8"), request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: urlOf(server), stop: () => stopped(server) };
}

/** Return an address at which nothing listens. */
export async function nowhere(): Promise<string> {
  const { url, stop } = await serve(() => undefined);
  await stop();
  return url;
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function stopped(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
