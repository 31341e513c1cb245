/**
 * The cookie by which a browser shows its session, and what keeps other pages from using it. Scripts can't read it, other sites' pages
 * don't send it (`SameSite=Strict`), and a change needs the session's own CSRF token beside it.
 */
import { equalText, hashToken } from "../durable/agent/token-hash.ts";
import { problemError } from "./problem-error.ts";
import { sessionLimits } from "./session-store.ts";

const plainName = "nerveflare-session";
/** With TLS, of this host alone: no neighbour's page can set it. */
const securePrefix = "__Host-";

/** Where a change says the session's CSRF token. */
export const csrfHeader = "x-csrf-token";

/** The session's value; undefined: there is no cookie, or another site's page made the browser send it. */
export function readSessionCookie({ headers, url }: Request): string | undefined {
  // Ports of one host are one site to cookies, and not to us. Whoever types the address has `none`.
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return undefined;
  const pairs = (headers.get("cookie") ?? "").split(";").map((pair) => pair.trim().split("=", 2));
  const find = (name: string): string | undefined => pairs.find(([key, value]) => key === name && value)?.[1];
  const name = nameCookie(url);
  // The secure one comes over plain HTTP too, from a proxy that took TLS off; the plain one, which a neighbour may have set, never over TLS.
  const value = find(`${securePrefix}${name}`) ?? (url.startsWith("https:") ? undefined : find(name));
  return value === undefined ? undefined : decode(value);
}

/** @param value undefined: the browser forgets it */
export function writeSessionCookie({ url, headers }: Request, value: string | undefined): string {
  const seconds = value === undefined ? 0 : sessionLimits.lasts / 1000;
  // A page says by which scheme it was loaded, also where a proxy in front of here took TLS off.
  const isSecure = url.startsWith("https:") || headers.get("origin")?.startsWith("https:");
  const [prefix, secure] = isSecure ? [securePrefix, "; Secure"] : ["", ""];
  return `${prefix}${nameCookie(url)}=${encodeURIComponent(value ?? "")}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
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

/** By the port: all servers of one host share its cookies, and signing in to one must not sign out of another. */
function nameCookie(url: string): string {
  const { port } = new URL(url);
  return port === "" ? plainName : `${plainName}-${port}`;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
