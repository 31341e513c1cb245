/** The tools, resources and prompt of `nerveflare mcp` under the protocol's own conformance suite, which speaks HTTP only: by the SDK's own transport for it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { expect, onTestFinished, test } from "vitest";
import { createMcpServer } from "../../../src/mcp/create-server.ts";
import { createWorker } from "../../../src/mcp/worker.ts";

const run = promisify(execFile);
const suite = join(import.meta.dirname, "../../../node_modules/@modelcontextprotocol/conformance/dist/index.js");

/** Serves the tools over HTTP. @returns its address */
async function serveTools(): Promise<string> {
  const worker = createWorker({
    slots: 1,
    claims: () => false,
    note: () => {},
    findAccess() {
      throw new Error("No agent's token is kept here.");
    },
  });
  const handler = createMcpHandler(() => createMcpServer(worker, 1_000));
  const http = createServer((request, response) => void answer(request, response, handler.fetch));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await handler.close();
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
}

async function answer(request: IncomingMessage, response: ServerResponse, fetch: (request: Request) => Promise<Response>) {
  const { method = "GET", url = "/", headers } = request;
  const body = method === "POST" ? { body: new Uint8Array(await buffer(request)) } : {};
  const own = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const said = await fetch(new Request(new URL(url, `http://${headers.host}`), { method, headers: own, ...body }));
  response.writeHead(said.status, Object.fromEntries(said.headers));
  for await (const chunk of said.body ?? []) response.write(chunk);
  response.end();
}

/** Scenarios that can't pass, by the reason. */
const doesNotApply = {
  "They call tools, and read prompts and resources, of a server that is made for the suite.": [
    ...[
      "simple-text",
      "image",
      "audio",
      "embedded-resource",
      "mixed-content",
      "with-logging",
      "error",
      "with-progress",
      "sampling",
      "elicitation",
    ].map((name) => `tools-call-${name}`),
    ...["elicitation-sep1034-defaults", "elicitation-sep1330-enums"],
    ...["resources-read-text", "resources-read-binary", "resources-templates-read"],
    ...["simple", "with-args", "embedded-resource", "with-image"].map((name) => `prompts-get-${name}`),
  ],
  "Logs go to stderr; nothing is completed or subscribed to: these capabilities are not declared.": [
    ...["logging-set-level", "completion-complete", "resources-subscribe", "resources-unsubscribe"],
  ],
  "Over stdio nobody calls by a host name, and there is one stream.": ["dns-rebinding-protection", "server-sse-multiple-streams"],
};

test("[STDIO17] the conformance suite finds nothing wrong but in what does not apply", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-conformance-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, "expected.yaml"),
    `server:\n${Object.values(doesNotApply)
      .flat()
      .map((each) => `  - ${each}\n`)
      .join("")}`,
  );
  const args = ["server", "--url", await serveTools(), "--suite", "active", "--expected-failures", "expected.yaml", "-o", folder];
  // A scenario that passes and is listed is a fault of the list: the suite says so too.
  const { stdout } = await run(process.execPath, [suite, ...args], { cwd: folder, maxBuffer: 10_000_000 }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${error.stdout.slice(-5_000)}\n${error.stderr}`);
    },
  );
  for (const passed of ["server-initialize", "ping", "tools-list", "resources-list", "prompts-list"])
    expect(stdout).toMatch(new RegExp(`✓ ${passed}: 1 passed`));
}, 60_000);
