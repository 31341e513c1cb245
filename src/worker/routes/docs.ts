/**
 * `/docs` and the two descriptions that it shows, `/v1/openapi.json` and `/v1/asyncapi.json`. What the API is like is no secret.
 * The descriptions are built files (`npm run describe`): what they are made of stays out of the Worker.
 */
import type { Hono } from "hono";
import type { AppEnv } from "../app-ports.ts";
import type { AsyncApi } from "../describe/build-asyncapi.ts";
import type { OpenApi } from "../describe/build-openapi.ts";
import { renderDocs } from "../render-docs.ts";

/** The page loads nothing but itself, and nobody may show it in theirs. */
const pageHeaders = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

// Imported when they are asked for: evaluated with the rest, they would delay each start of an isolate.
const readOpenapi = once(async () => JSON.stringify((await import("../../../schemas/openapi.json", { with: { type: "json" } })).default));
const readAsyncapi = once(async () => JSON.stringify((await import("../../../schemas/asyncapi.json", { with: { type: "json" } })).default));
const renderPage = once(async () =>
  String(await renderDocs(JSON.parse(await readOpenapi()) as OpenApi, JSON.parse(await readAsyncapi()) as AsyncApi)),
);

/** Adds the routes. They go before the authentication, so that anybody may ask: each text is made once, for making it takes long. */
export function addDocsRoutes(app: Hono<AppEnv>): void {
  const json = { "content-type": "application/json" };
  app.get("/v1/openapi.json", async (c) => c.body(await readOpenapi(), 200, json));
  app.get("/v1/asyncapi.json", async (c) => c.body(await readAsyncapi(), 200, json));
  app.get("/docs", async (c) => c.html(await renderPage(), 200, pageHeaders));
}

/** Keeps the text, not the promise of it: a request must not wait for what another one began. */
function once(make: () => Promise<string>): () => Promise<string> {
  let made: string | undefined;
  return async () => {
    made ??= await make();
    return made;
  };
}
