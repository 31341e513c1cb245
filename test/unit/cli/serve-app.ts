/** The HTTP app over fakes behind a real port, for commands that call it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import type { AppPorts } from "../../../src/worker/app-ports.ts";
import { openSqliteD1 } from "../worker/sqlite-d1.ts";
import { createTestApp, type TestApp } from "../worker/test-app.ts";

/** Serves until the test is over. */
export async function serveApp(ports: Partial<AppPorts> = {}, db = openSqliteD1()): Promise<TestApp & { url: string }> {
  const app = createTestApp(db, ports);
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const answer = await app.fetch(
      new Request(`http://nerveflare.test${request.url}`, {
        method: request.method ?? "GET",
        headers: request.headers as Record<string, string>,
        ...(body.length > 0 && { body }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return { ...app, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
