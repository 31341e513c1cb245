/** Who calls. The Worker proves operators itself; an agent's token it only parses, for the agent's object holds the hash. */
import type { Context, MiddlewareHandler, Next } from "hono";
import { subprotocol } from "../contract/channels.ts";
import type { AgentCard } from "../contract/views/agent.ts";
import { equalText, hashToken } from "../durable/agent/token-hash.ts";
import type { Principal } from "../durable/protocol/agent.ts";
import type { AppEnv, AppPorts } from "./app-ports.ts";
import { type Access, proveOperator } from "./operator-store.ts";
import { problemError, unwrap } from "./problem-error.ts";
import { readSessionCookie, requireCsrf } from "./session-cookie.ts";
import { readSession } from "./session-store.ts";
import { operatorPrefix, parseTokenAgent, parseTokenOperator } from "./tokens.ts";

/** The operator whose token is the Worker's secret: it makes the others. */
export const rootOperator = "admin";

/** The name of an object that is no agent's: no id has a slash. */
const nobody = "nobody/here";

/** Calls that change nothing of the system's, which a read-only operator may make; of those of `/mcp` and `/a2a`, the gateway judges each. */
const readingCalls = ["POST /v1/tickets", "POST /v1/session", "DELETE /v1/session", "POST /mcp"];

/** What a caller showed: it proves who calls, once, and again while a stream is open. */
interface Proven {
  principal: Principal;
  access?: Access;
  /** SHA-256 of the operator's token, or of the one that asked for the ticket. */
  tokenHash: string;
}

/** Lets nobody pass without a bearer token, a ticket or a session, and nobody at all while no admin token is set. */
export function authenticate(ports: AppPorts): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const adminToken = requireAdminToken(ports);
    const ticket = readTicket(c.req.raw);
    c.set("byTicket", ticket !== undefined);
    const token = ticket ?? readToken(c.req.raw);
    const session = token === undefined ? readSessionCookie(c.req.raw) : undefined;
    c.set("session", session);
    if (session !== undefined) return enter(c, await takeSession(ports, c.req.raw, session, adminToken), next);
    if (token === undefined) throw problemError("unauthenticated", adviseToken(c.req.raw));
    // The object that opens a stream or a socket takes its ticket itself. A ticket has the shape of a token, and is one to nobody.
    const isTaken = ticket !== undefined && !ownTicketPaths.includes(c.req.path);
    const proven = await (isTaken ? takeTicket(ports, token, adminToken) : findPrincipal(ports, token, adminToken));
    const { principal } = proven;
    if (ticket !== undefined && !isTaken && "operator" in principal)
      throw problemError("unauthenticated", "A token is no ticket, and does not belong in a URL.");
    const isUnknown = "token" in principal && !(await isKnown(ports, principal.agent));
    // An object that is nobody's refuses for those that aren't there, on the same way and in the same words, and none is made for them.
    return enter(c, isUnknown ? { ...proven, principal: { agent: nobody, token } } : proven, next);
  };
}

async function enter(c: Context<AppEnv>, { principal, access, tokenHash }: Proven, next: Next): Promise<void> {
  c.set("principal", principal);
  c.set("access", access);
  c.set("tokenHash", tokenHash);
  await next();
}

async function isKnown(ports: AppPorts, agent: string): Promise<boolean> {
  return !ports.isRegistered || (await ports.isRegistered(agent));
}

function adviseToken({ url }: Request): string {
  const advice = "Send a token: `Authorization: Bearer <token>`.";
  return new URL(url).searchParams.has("ticket") ? `A ticket opens a socket or a stream, and nothing else. ${advice}` : advice;
}

/**
 * The root operator's token.
 * @throws ProblemError `unavailable` while none is set
 */
export function requireAdminToken(ports: AppPorts): string {
  if (ports.adminToken) return ports.adminToken;
  throw problemError(
    "unavailable",
    "No admin token is set, so nothing is served. Run `wrangler secret put NERVEFLARE_ADMIN_TOKEN` and try again.",
    { retryAfter: 60 },
  );
}

/** Lets an operator with a read-only token read. By the method, so that a new route is guarded by being there. */
export function guardAccess(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { method, path } = c.req;
    const isReading = method === "GET" || method === "HEAD" || readingCalls.includes(`${method} ${path}`) || isA2a(path);
    if (c.get("access") === "read" && !isReading)
      throw problemError("forbidden", "This operator's token may only read. Ask for one with `access: admin`.");
    await next();
  };
}

/** Whether a path is of the A2A gateway: what is a change there, the path does not say. */
export function isA2a(path: string): boolean {
  return path === "/a2a" || path.startsWith("/a2a/");
}

async function findPrincipal(ports: AppPorts, token: string, adminToken: string): Promise<Proven> {
  const tokenHash = await hashToken(token);
  const operator = await findOperator(ports, { tokenHash, name: parseTokenOperator(token), adminToken });
  if (operator) return { ...operator, tokenHash };
  const agent = parseTokenAgent(token);
  if (agent === undefined) throw problemError("unauthenticated", "This token is nobody's. Ask the operator for one.");
  return { principal: { agent, token }, tokenHash };
}

/**
 * Takes a ticket in its owner's object. Whether the token behind it is good is asked as of any token.
 * @throws ProblemError `unauthenticated`
 */
async function takeTicket(ports: AppPorts, ticket: string, adminToken: string): Promise<Proven> {
  const name = parseTokenOperator(ticket);
  const agent = parseTokenAgent(ticket);
  const owner = name === undefined ? agent : `${operatorPrefix}${name}`;
  if (owner === undefined) throw problemError("unauthenticated", "This ticket is nobody's. Get one by POST /v1/tickets.");
  const isUnknown = agent !== undefined && !(await isKnown(ports, agent));
  const tokenHash = unwrap(await ports.agent(isUnknown ? nobody : owner).takeTicket(ticket));
  if (agent !== undefined) return { principal: { agent, tokenHash }, tokenHash };
  const operator = await findOperator(ports, { tokenHash, name, adminToken });
  if (operator) return { ...operator, tokenHash };
  throw problemError("unauthenticated", "The token that asked for this ticket is good no more.");
}

/**
 * The principal of a session, whose token must still be good.
 * @throws ProblemError `unauthenticated` when it is over, `forbidden` for a change that another page may have made
 */
async function takeSession(ports: AppPorts, request: Request, session: string, adminToken: string): Promise<Proven> {
  const row = await readSession(ports.db, await hashToken(session), ports.now());
  if (!row) throw sessionOver();
  await requireCsrf(request, session);
  const { owner, token: tokenHash } = row;
  if (!owner.startsWith(operatorPrefix)) return { principal: { agent: owner, tokenHash }, tokenHash };
  const operator = await findOperator(ports, { tokenHash, name: owner.slice(operatorPrefix.length), adminToken });
  if (!operator) throw sessionOver();
  return { ...operator, tokenHash };
}

function sessionOver(): ReturnType<typeof problemError> {
  return problemError("unauthenticated", "The session is over, or its token is good no more. Sign in again.");
}

/** The operator whose token has this hash. @param name that the token bears */
async function findOperator(
  { db }: AppPorts,
  { tokenHash, name, adminToken }: { tokenHash: string; name: string | undefined; adminToken: string },
): Promise<{ principal: { operator: string }; access: Access } | undefined> {
  // Hashes of one length are compared, so the time tells nothing of the token.
  if (equalText(tokenHash, await hashToken(adminToken))) return { principal: { operator: rootOperator }, access: "admin" };
  const access = name === undefined ? undefined : await proveOperator(db, name, tokenHash);
  return name !== undefined && access !== undefined ? { principal: { operator: name }, access } : undefined;
}

/**
 * Proves once more who opened a stream, for as long as it is open.
 * @throws ProblemError `unauthenticated` when the token is no longer good, or the session over
 */
export async function proveAgain(c: Context<AppEnv>, ports: AppPorts): Promise<void> {
  const [principal, session] = [c.get("principal"), c.get("session")];
  if (session !== undefined && !(await readSession(ports.db, await hashToken(session), ports.now()))) throw sessionOver();
  if ("agent" in principal) await proveViewer(c, ports);
  else {
    const proof = { tokenHash: c.get("tokenHash"), name: principal.operator, adminToken: requireAdminToken(ports) };
    if (!(await findOperator(ports, proof))) throw problemError("unauthenticated", "This token is good no more.");
  }
}

/** The paths that a browser opens without headers of its own: of an agent's object, which takes the ticket itself, and the log's tail. */
const ownTicketPaths = ["/v1/inbox/stream", "/v1/connect"];
const logPath = "/v1/events";

/** From the URL: the one thing of the kind that may be in one. */
export function readTicket(request: Request): string | undefined {
  if (request.headers.get("authorization") !== null) return undefined;
  const { pathname, searchParams } = new URL(request.url);
  const isTail = pathname === logPath && request.method === "GET" && !["0", "false", null].includes(searchParams.get("follow"));
  const opensSession = pathname === "/v1/session" && request.method === "POST";
  return isTail || opensSession || ownTicketPaths.includes(pathname) ? (searchParams.get("ticket") ?? undefined) : undefined;
}

/** From `Authorization`, or, as browsers cannot set that on a socket, the second subprotocol. */
export function readToken(request: Request): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (bearer !== undefined || request.headers.get("upgrade") === null) return bearer;
  const [first, second] = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  return first === subprotocol ? second : undefined;
}

/** The name of the object that keeps what this principal sent and gets. */
export function nameObject(principal: Principal): string {
  return "operator" in principal ? `operators/${principal.operator}` : principal.agent;
}

/**
 * The operator who calls; whether it may also change something, {@link guardAccess} has judged.
 * @throws ProblemError `forbidden` for an agent, `unauthenticated` for a token that is not the agent's
 */
export async function requireOperator(c: Context<AppEnv>, ports: AppPorts): Promise<string> {
  const principal = c.get("principal");
  if ("operator" in principal) return principal.operator;
  await proveViewer(c, ports);
  throw problemError("forbidden", "This takes an operator's token.");
}

/** Whether this caller may see what lets others act in somebody's name: whoever may change everything. */
export function maySeeSecrets(c: Context<AppEnv>): boolean {
  return c.get("access") === "admin";
}

/**
 * Who looks: null for an operator, else the id of an agent whose token was proven.
 * @throws ProblemError `unauthenticated`
 */
export async function proveViewer(c: Context<AppEnv>, ports: AppPorts): Promise<string | null> {
  const principal = c.get("principal");
  if ("operator" in principal) return null;
  const card: AgentCard = unwrap(await ports.agent(principal.agent).identify(principal));
  return card.id;
}
