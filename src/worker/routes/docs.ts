/**
 * `/docs` and the two descriptions that it shows, `/v1/openapi.json` and `/v1/asyncapi.json`. What the API is like is no secret.
 * All three are files that are made when the Worker is (`src/local-server/bundle-worker.ts`) and deployed beside it.
 */
import type { Hono } from "hono";
import type { AppEnv, AppPorts } from "../app-ports.ts";

/** The page loads nothing but itself, and nobody may show it in theirs. */
const pageHeaders = {
  "content-type": "text/html; charset=UTF-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Adds the routes. They go before the authentication, so that anybody may ask. */
export function addDocsRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const json = { "content-type": "application/json" };
  app.get("/v1/openapi.json", async (c) => c.newResponse(await readAsset("/v1/openapi.json", ports), 200, json));
  app.get("/v1/asyncapi.json", async (c) => c.newResponse(await readAsset("/v1/asyncapi.json", ports), 200, json));
  app.get("/docs", async (c) => c.newResponse(await readAsset("/docs.html", ports), 200, pageHeaders));
}

/** @throws where the deployment lacks it */
async function readAsset(path: string, ports: AppPorts): Promise<ReadableStream | null> {
  const { ok, status, body } = await ports.asset(path);
  if (!ok) throw new Error(`the file ${path}, which is deployed beside the Worker, is not there (${status}): deploy again`);
  return body;
}
