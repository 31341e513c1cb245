/** Who calls. The Worker proves operators itself; an agent's token it only parses, for the agent's object holds the hash. */
import type { Context, MiddlewareHandler } from "hono";
import type { AgentCard, Principal } from "../durable/rpc.ts";
import { subprotocol } from "../wire/channels.ts";
import type { AppEnv, AppPorts } from "./app-ports.ts";
import { problemError, unwrap } from "./problem-error.ts";
import { equalTokens, parseTokenAgent } from "./tokens.ts";

/** The one operator so far: whoever holds the admin token. */
const operator = "admin";

/** Lets nobody pass without a bearer token, and nobody at all while no admin token is set. */
export function authenticate(ports: AppPorts): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!ports.adminToken) {
      throw problemError(
        "unavailable",
        "No admin token is set, so nothing is served. Run `wrangler secret put NERVEFLARE_ADMIN_TOKEN` and try again.",
        {
          retryAfter: 60,
        },
      );
    }
    const token = readToken(c.req.raw);
    if (token === undefined) throw problemError("unauthenticated", "Send a token: `Authorization: Bearer <token>`.");
    const principal = await findPrincipal(token, ports.adminToken);
    if ("agent" in principal && ports.isRegistered && !(await ports.isRegistered(principal.agent)))
      throw problemError("unauthenticated", "This token names no agent; ask the operator for one.");
    c.set("principal", principal);
    await next();
  };
}

async function findPrincipal(token: string, adminToken: string): Promise<Principal> {
  if (await equalTokens(token, adminToken)) return { operator };
  const agent = parseTokenAgent(token);
  if (agent === undefined) throw problemError("unauthenticated", "This token is nobody's. Ask the operator for one.");
  return { agent, token };
}

/** From `Authorization`, or, as browsers cannot set that on a socket, the second subprotocol. */
function readToken(request: Request): string | undefined {
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
 * The operator who calls.
 * @throws ProblemError `forbidden` for an agent, `unauthenticated` for a token that is not the agent's
 */
export async function requireOperator(c: Context<AppEnv>, ports: AppPorts): Promise<string> {
  const viewer = await proveViewer(c, ports);
  if (viewer !== null) throw problemError("forbidden", "This takes an operator's token.");
  return operator;
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
