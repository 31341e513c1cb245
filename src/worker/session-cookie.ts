/**
 * The cookie by which a browser shows its session, and what keeps other pages from using it. Scripts can't read it, other sites' pages
 * don't send it (`SameSite=Strict`), and a change needs the session's own CSRF token beside it.
 */
import { equalText, hashToken } from "../durable/agent/token-hash.ts";
import { problemError } from "./problem-error.ts";
import { sessionLimits } from "./session-store.ts";

/** With TLS, of this host alone: no neighbour's page can set it. */
const secureName = "__Host-nerveflare-session";
const plainName = "nerveflare-session";

/** Where a change says the session's CSRF token. */
export const csrfHeader = "x-csrf-token";

/** The session's value; undefined: there is no cookie, or another site's page made the browser send it. */
export function readSessionCookie({ headers, url }: Request): string | undefined {
  // Ports of one host are one site to cookies, and not to us. Whoever types the address has `none`.
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return undefined;
  const name = nameCookie(url);
  for (const pair of (headers.get("cookie") ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value) return decode(value);
  }
  return undefined;
}

/** @param value undefined: the browser forgets it */
export function writeSessionCookie(url: string, value: string | undefined): string {
  const seconds = value === undefined ? 0 : sessionLimits.lasts / 1000;
  const secure = nameCookie(url) === secureName ? "; Secure" : "";
  return `${nameCookie(url)}=${encodeURIComponent(value ?? "")}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
}

/** What the page shows with each change. It follows from the cookie, which no page can read. */
export function makeCsrf(session: string): Promise<string> {
  return hashToken(`csrf of ${session}`);
}

/** @throws ProblemError `forbidden` for a change without it */
export async function requireCsrf({ method, headers }: Request, session: string): Promise<void> {
  if (method === "GET" || method === "HEAD") return;
  if (equalText(headers.get(csrfHeader) ?? "", await makeCsrf(session))) return;
  throw problemError(
    "forbidden",
    `A change that comes with a session's cookie needs the \`csrf\` that GET /v1/session answers, in the header \`${csrfHeader}\`.`,
  );
}

/** Over plain HTTP, as on this machine, a browser takes no secure cookie. */
function nameCookie(url: string): string {
  return url.startsWith("https:") ? secureName : plainName;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
