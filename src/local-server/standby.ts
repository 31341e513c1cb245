/**
 * Answers in the runtime's place while nothing may be served: each request is told why, as a problem to try again after. Also
 * `/healthz`, for the process lives, and `/readyz`.
 */
import { createServer, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { parseOrigins } from "../contract/origins.ts";
import { createProblem } from "../contract/problem.ts";

/**
 * Listens on the runtime's port, which may take a moment to become free.
 * @param reason a sentence for anybody
 * @param origins whose pages may read it, as NERVEFLARE_ORIGINS says
 */
export async function startStandby({
  port,
  reason,
  origins,
}: {
  port: number;
  reason: string;
  origins?: string | undefined;
}): Promise<Server> {
  const pages = parseOrigins(origins);
  const checks = [{ part: "folder", ok: false, detail: reason }];
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader("vary", "Origin");
    const { origin } = request.headers;
    if (origin !== undefined && pages.ok && pages.origins.allows(origin)) {
      response.setHeader("access-control-allow-origin", origin).setHeader("access-control-expose-headers", "Retry-After");
      if (request.method === "OPTIONS") {
        const allowed = { "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,DELETE" };
        const asked = request.headers["access-control-request-headers"] ?? "";
        return void response.writeHead(204, { ...allowed, "access-control-allow-headers": asked }).end();
      }
    }
    const [path] = (request.url ?? "/").split("?");
    if (path === "/healthz") return void response.writeHead(200, { "content-type": "application/json" }).end(`{"status":"ok"}`);
    const body = path === "/readyz" ? { status: "unavailable", checks } : createProblem("unavailable", reason, { retryAfter: 10, checks });
    const type = path === "/readyz" ? "application/json" : "application/problem+json";
    response.writeHead(503, { "content-type": type, "retry-after": "10", "cache-control": "no-store" }).end(JSON.stringify(body));
  });
  for (let tries = 0; ; tries++) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
    try {
      await promise;
      return server;
    } catch (error) {
      if (tries === 50) throw error;
      await delay(100);
    } finally {
      server.removeListener("error", reject);
    }
  }
}
