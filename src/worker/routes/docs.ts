/** `/docs` and the two descriptions that it shows, `/v1/openapi.json` and `/v1/asyncapi.json`. What the API is like is no secret. */
import type { Hono } from "hono";
import type { AppEnv } from "../app-ports.ts";
import { buildAsyncapi } from "../describe/build-asyncapi.ts";
import { buildOpenapi } from "../describe/build-openapi.ts";
import { renderDocs } from "../describe/render-docs.ts";
import { routeDocs } from "../describe/route-docs.ts";
import { version } from "../version.ts";

/** The page loads nothing but itself, and nobody may show it in theirs. */
const pageHeaders = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Adds the routes. They go before the authentication, so that anybody may ask: each text is made once, for making it takes long. */
export function addDocsRoutes(app: Hono<AppEnv>): void {
  const openapi = once(() => buildOpenapi(routeDocs, version));
  const asyncapi = once(() => buildAsyncapi(version));
  const openapiText = once(() => JSON.stringify(openapi()));
  const asyncapiText = once(() => JSON.stringify(asyncapi()));
  const page = once(() => renderDocs(openapi(), asyncapi()));
  const json = { "content-type": "application/json" };
  app.get("/v1/openapi.json", (c) => c.body(openapiText(), 200, json));
  app.get("/v1/asyncapi.json", (c) => c.body(asyncapiText(), 200, json));
  app.get("/docs", async (c) => c.html(await page(), 200, pageHeaders));
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
