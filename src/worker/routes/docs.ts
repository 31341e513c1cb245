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

/** Adds the routes. They go before the authentication. */
export function addDocsRoutes(app: Hono<AppEnv>): void {
  app.get("/v1/openapi.json", (c) => c.json(buildOpenapi(routeDocs, version)));
  app.get("/v1/asyncapi.json", (c) => c.json(buildAsyncapi(version)));
  app.get("/docs", (c) => c.html(renderDocs(buildOpenapi(routeDocs, version), buildAsyncapi(version)), 200, pageHeaders));
}
