/** What the Worker asks the process beside its runtime: how the data folder is, and to send traces and webhooks. HTTP on loopback, for the runtime alone. */
import { randomBytes } from "node:crypto";
import { accessSync, constants, statfsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { unreachedHeader } from "../contract/webhook-address.ts";
import type { DataFolder } from "./data-folder.ts";
import { findState } from "./state-files.ts";

const limits = {
  /** Bytes that must be free: less does not hold a write-ahead log until it is folded in. */
  free: 4 * 1024 * 1024,
  /** Bytes of a batch of traces, and of what the collector says of it: far more than either has. */
  traces: 16 * 1024 * 1024,
  /** Milliseconds that the collector may take: the batch is sent again. */
  collector: 30_000,
} as const;

/** A service of the runtime that is this process. */
export interface HostService {
  external: { address: string; http: { style: 1; injectRequestHeaders: { name: string; value: string }[] } };
}

export interface HostServer {
  /** Where the runtime finds it. */
  address: string;
  services: { folder: HostService; outside: HostService };
  close(): void;
}

/** Which service is asked for, and that the runtime asks: others on this machine don't know the value. */
const header = "nerveflare-service";

export async function startHost(folder: DataFolder): Promise<HostServer> {
  const secret = randomBytes(32).toString("base64url");
  // In a proxy's style a request has no such header: its address is whole.
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const service = request.headers[header];
    if (service === `folder ${secret}`) sayJson(response, { fault: findFolderFault(folder) });
    else if (service === `outside ${secret}`) void callOutside(request, response);
    else response.writeHead(404).end();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  server.unref();
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const name = (service: string): HostService => ({
    // In the style of a proxy, by which a request keeps its whole address.
    external: { address, http: { style: 1, injectRequestHeaders: [{ name: header, value: `${service} ${secret}` }] } },
  });
  return {
    address,
    services: { folder: name("folder"), outside: name("outside") },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function sayJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** What is wrong with the data folder, for anybody to read: so without its path. */
function findFolderFault(folder: DataFolder): string | null {
  const fault = folder.findFault();
  if (fault !== null) return fault;
  try {
    accessSync(findState(folder.path), constants.W_OK);
    const { bavail, bsize } = statfsSync(folder.path);
    const free = bavail * bsize;
    return free < limits.free ? `The disk is full: ${Math.floor(free / 1024)} KB are free. Make room.` : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EROFS") return "The data folder's file system is mounted read-only. Mount it writable.";
    if (code === "EACCES") return "The data folder is not this user's to write in.";
    return `The data folder cannot be looked at (${code}).`;
  }
}

/** The Worker calls nobody but receivers of webhooks, and the collector of traces where one is named; a stray fetch must not leave the machine. */
async function callOutside(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = "", method = "GET", headers } = request;
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string] => !ofThisHop.has(entry[0]) && typeof entry[1] === "string",
  );
  if (method === "POST" && headers["webhook-id"] !== undefined) return passWebhook(request, response, url, Object.fromEntries(kept));
  try {
    if (!(await isCollector(url))) return void response.writeHead(502).end("the local server has no network");
    const body = await readText(request);
    const answer = await fetch(url, { method, headers: kept, body, signal: AbortSignal.timeout(limits.collector) });
    const said = await readText(answer.body ?? []);
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" }).end(said);
  } catch (error) {
    response.writeHead(503).end(`the collector cannot be reached: ${(error as Error).message}`);
  }
}

async function passWebhook(
  request: IncomingMessage,
  response: ServerResponse,
  url: string,
  headers: { [name: string]: string },
): Promise<void> {
  try {
    // Imported by those only who send webhooks.
    const { sendWebhook } = await import("./send-webhook.ts");
    const body = await readText(request);
    const answer = await sendWebhook({ url, headers, body }, process.env.NERVEFLARE_PRIVATE_WEBHOOKS === "true");
    response.writeHead(answer.status, answer.headers).end();
  } catch (error) {
    // The Worker's own side tells a receiver that does not answer from one that refuses by this.
    response.writeHead(502, { [unreachedHeader]: encodeURIComponent((error as Error).message) }).end();
  }
}

/** @throws where it is longer than traces are */
async function readText(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > limits.traces) throw new Error(`it is longer than ${limits.traces} bytes`);
    read.push(part);
  }
  return Buffer.concat(read).toString();
}

const ofThisHop = new Set(["host", "connection", "content-length", "transfer-encoding", header]);

async function isCollector(url: string): Promise<boolean> {
  const collector = process.env.NERVEFLARE_OTLP_URL;
  if (collector === undefined) return false;
  // Imported by those only who send traces.
  const { findTracesUrl } = await import("../durable/trace/trace-exporter.ts");
  return url === findTracesUrl(collector);
}
