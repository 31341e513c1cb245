/** What holds for every answer, whichever route or refusal it comes from. */
import type { MiddlewareHandler } from "hono";
import { createProblem } from "../contract/problem.ts";
import type { AppEnv } from "./app-ports.ts";
import { respondProblem } from "./problem-error.ts";

/** An answer is read as what it says it is, shown in nobody's frame, and tells no other site where it was read. A page may say more itself. */
const headers = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** Sets them where the answer has none of the name. */
export function addSecurityHeaders(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    // The answer of a socket has no body to be misread.
    if (c.res.status === 101) return;
    for (const [name, value] of Object.entries(headers)) if (!c.res.headers.has(name)) c.header(name, value);
  };
}

/** The methods that some route takes, and those that HTTP asks to be understood. */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Answers what is about no path, and refuses methods that no route could take, whoever asks. */
export function refuseOddMethods(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!URL.canParse(c.req.url)) {
      // `OPTIONS *` asks what the server as a whole takes.
      if (c.req.method === "OPTIONS") return c.body(null, 204, { allow: methods.join(", ") });
      return respondProblem(createProblem("malformed", "The request names no path. Send one that begins with `/`."));
    }
    if (methods.includes(c.req.method)) return next();
    const problem = createProblem("method_not_allowed", `${c.req.method} means nothing here.`, { allowed: methods });
    return respondProblem(problem, { allow: methods.join(", ") });
  };
}
