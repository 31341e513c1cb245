/** `/ui/`: the inspector. Which of its pages an address means its own script says, so all addresses without a file are given the same one. */
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv, AppPorts } from "./app-ports.ts";
import { type ProblemError, problemError } from "./problem-error.ts";

const home = "/ui/";

/** What is loaded and asked comes from this server and nowhere else; nothing in the page's text is a script or a style. */
const policy = [
  "default-src 'none'",
  ...["script", "style", "img", "connect", "worker"].map((kind) => `${kind}-src 'self'`),
  ...["base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"],
].join("; ");

const types: { [ending: string]: string } = {
  css: "text/css; charset=UTF-8",
  html: "text/html; charset=UTF-8",
  js: "text/javascript; charset=UTF-8",
  svg: "image/svg+xml",
};

/** Middleware before the authentication, for the pages hold nothing that is anybody's. They are no part of the API, and so no routes. */
export function serveInspector({ asset }: AppPorts): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { path, method } = c.req;
    if (method !== "GET" && method !== "HEAD") return next();
    // Programs that ask for `/` are told what is missing, as anywhere else.
    if (path === "/ui" || (path === "/" && c.req.header("accept")?.includes("text/html"))) return c.redirect(home);
    if (!path.startsWith(home)) return next();
    // A file's name changes with what is in it.
    if (/^\/ui\/assets\/[\w-]+(\.[\w-]+)+$/.test(path)) return give(c, await asset(path), path, "public, max-age=31536000, immutable");
    if (path.startsWith(`${home}assets/`)) throw refuse(path);
    if (path === `${home}icon.svg`) return give(c, await asset(path), path, "public, max-age=86400");
    const page = await asset(`${home}index.html`);
    if (!page.ok)
      throw problemError("unavailable", "The inspector's pages are not where the Worker is. Deploy it again.", { retryAfter: 60 });
    return give(c, page, "index.html", "no-cache");
  };
}

function give(c: Context<AppEnv>, { ok, body }: Response, path: string, caching: string): Response {
  if (!ok) throw refuse(path);
  return c.newResponse(body, 200, {
    "content-type": types[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
    "cache-control": caching,
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
  });
}

function refuse(path: string): ProblemError {
  return problemError("not_found", `There is no ${path} here. If a page asked for it, the server is newer: load the page again.`);
}
