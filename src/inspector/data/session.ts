/** Who is signed in, on this page. The token itself is nowhere in it: the browser holds a cookie that no script can read. */
import { signal } from "@preact/signals";
import { ApiError, call, setCsrf, whenSignedOut } from "./api.ts";
import { setServerTime } from "./clock.ts";
import { drafts } from "./kept-drafts.ts";

/** Who is signed in, and what they may. */
export interface SignedIn {
  state: "in";
  /** `operator`: sees everything. `agent`: sees what it takes part in. */
  kind: "operator" | "agent";
  name: string;
  /** An operator with `read` changes nothing. An agent changes what is its own. */
  access: "read" | "admin" | "own";
  /** RFC 3339. */
  expires: string;
}

export type Session =
  | { state: "unknown" }
  | { state: "unreachable"; error: ApiError }
  /** `why` is said to whoever was signed in a moment ago. */
  | { state: "out"; why?: string }
  | SignedIn;

export const session = signal<Session>({ state: "unknown" });

/** Whether who is signed in may change what operators change. */
export function mayOperate(): boolean {
  const now = session.value;
  return now.state === "in" && now.kind === "operator" && now.access === "admin";
}

interface SessionAnswer {
  kind: SignedIn["kind"];
  name: string;
  access: SignedIn["access"];
  expires: string;
  now: string;
  csrf: string;
}

/** Asks who is signed in. A link with a ticket signs in who is not. */
export async function readSession(): Promise<void> {
  const ticket = takeTicket();
  try {
    await take(() => call("GET", "/v1/session"));
  } catch (error) {
    if (ticket !== undefined && error instanceof ApiError && error.status === 401) return signInBy(ticket);
    if (!(error instanceof ApiError)) throw error;
    // Nobody was signed in, so nobody needs to be told that it has ended.
    if (error.status === 401) session.value = { state: "out" };
    else session.value = { state: "unreachable", error };
  }
}

/** @throws {ApiError} when the token is nobody's */
export async function signIn(token: string): Promise<void> {
  await take(() => call("POST", "/v1/session", { headers: { authorization: `Bearer ${token}` } }));
}

/** The ticket of the address, which it then has no more: it stands behind `#`, and so in no server's logs. */
function takeTicket(): string | undefined {
  const ticket = /^#ticket=(.+)$/.exec(location.hash)?.[1];
  if (ticket !== undefined) history.replaceState(null, "", location.pathname + location.search);
  return ticket;
}

async function signInBy(ticket: string): Promise<void> {
  await take(() => call("POST", `/v1/session?ticket=${ticket}`)).catch(() => {
    session.value = { state: "out", why: "The link was used before, or is older than a minute. Sign in with a token." };
  });
}

/** Ends the session here and on the server. */
export async function signOut(): Promise<void> {
  const before = session.value;
  await call("DELETE", "/v1/session").catch(() => {});
  // Whoever uses this browser next reads nothing of theirs.
  const dropped = before.state === "in" ? drafts.clear(before.name) : 0;
  const why = `You signed out. ${dropped === 1 ? "One draft was" : `${dropped} drafts were`} removed from this browser.`;
  session.value = dropped > 0 ? { state: "out", why } : { state: "out" };
  tabs?.postMessage("out");
}

/** The other tabs of this browser have the same session: what they show goes with it. */
const tabs = typeof window === "undefined" ? undefined : new BroadcastChannel("nerveflare session");
tabs?.addEventListener("message", () => {
  if (session.value.state === "in") session.value = { state: "out", why: "You signed out in another tab." };
});

async function take(ask: () => Promise<unknown>): Promise<void> {
  const began = Date.now();
  const { csrf, now, ...who } = (await ask()) as SessionAnswer;
  setCsrf(csrf);
  setServerTime(Date.parse(now), began, Date.now());
  session.value = { state: "in", ...who };
}

whenSignedOut(() => {
  if (session.value.state === "in")
    session.value = { state: "out", why: "Your session has ended: it is over, or your token is good no more. Sign in again." };
});
