/**
 * Orders to a running server from this machine: HTTP on loopback, under a token that stands in `<data>/server.json`, which
 * only the folder's owner reads. An order's progress is a line of JSON each, and its end the last one.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type ControlAddress, readRecord } from "./data-folder.ts";
import { identifyFolder, relateFolders } from "./folder-identity.ts";
import { isAlive } from "./process-identity.ts";

/** What an order says while it runs. */
export type Report = (line: { [name: string]: unknown }) => void;

/** By name. What an order throws is told to who gave it. */
export type Orders = Record<string, (body: { [name: string]: unknown }, report: Report) => Promise<{ [name: string]: unknown }>>;

/** Bytes of an order's body: a path and a few switches. */
const bodyAtMost = 64 * 1024;

export interface ControlServer {
  address: ControlAddress;
  close(): void;
}

export async function startControl(orders: Orders): Promise<ControlServer> {
  const token = randomBytes(32).toString("base64url");
  const server = createServer((request, response) => void answer(request, response, orders, token));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    address: { url: `http://127.0.0.1:${port}`, token },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, orders: Orders, token: string): Promise<void> {
  const name = (request.url ?? "").slice(1);
  const order = Object.hasOwn(orders, name) ? orders[name] : undefined;
  if (!isEqual(request.headers.authorization ?? "", `Bearer ${token}`)) return void response.writeHead(401).end();
  if (request.method !== "POST" || !order) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const report: Report = (line) => void response.write(`${JSON.stringify(line)}\n`);
  try {
    report({ end: "ok", ...(await order(await readBody(request), report)) });
  } catch (error) {
    const { message, code, hint } = error as { message?: string; code?: string; hint?: string };
    report({ end: "failed", error: message ?? String(error), code, hint });
  }
  response.end();
}

async function readBody(request: IncomingMessage): Promise<{ [name: string]: unknown }> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > bodyAtMost) throw new Error("the order is too long");
  }
  return text === "" ? {} : (JSON.parse(text) as { [name: string]: unknown });
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Where the server that runs on a data folder takes orders; undefined: none runs there, or it is of a version before. */
export function findControl(data: string): ControlAddress | undefined {
  const record = readRecord(join(data, "server.json"));
  if (!record?.control || !record.folder || !isAlive(record.server)) return undefined;
  // A copy's record is about its original.
  return relateFolders(record.folder, identifyFolder(data)) === "same" ? record.control : undefined;
}

/** An order that failed, as the server said it. */
export class OrderError extends Error {
  readonly hint: string | undefined;
  readonly code: string | undefined;

  constructor(message: string, options: { hint?: string | undefined; code?: string | undefined }) {
    super(message);
    this.name = "OrderError";
    this.hint = options.hint;
    this.code = options.code;
  }
}

/** Gives an order and waits for its end. @throws {OrderError} */
export async function giveOrder(
  { url, token }: ControlAddress,
  name: string,
  body: { [name: string]: unknown },
  onReport: Report = () => {},
): Promise<{ [name: string]: unknown }> {
  const answered = await fetch(`${url}/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  if (!answered.ok || !answered.body) throw new OrderError(`The server does not take the order \`${name}\` (${answered.status}).`, {});
  let rest = "";
  for await (const chunk of answered.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const said = JSON.parse(line) as { end?: string; error?: string; hint?: string; code?: string };
      if (said.end === "failed") throw new OrderError(said.error ?? "It failed.", said);
      if (said.end === "ok") return said;
      onReport(said);
    }
  }
  throw new OrderError("The server ended before the order did.", { hint: "Look at what it wrote, start it again, and repeat." });
}
