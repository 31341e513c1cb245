/** `/v1/enrolments`: codes by which a new machine registers its agent itself. */
import type { Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import { hashToken } from "../../durable/agent/token-hash.ts";
import { readAgent } from "../agent-store.ts";
import { announceChange } from "../announce-change.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { beginDecision, finishDecision } from "../audit-store.ts";
import { requireAdminToken, requireOperator } from "../authenticate.ts";
import { addEnrolment, giveBackEnrolment, listEnrolments, removeEnrolment, takeEnrolment } from "../enrolment-store.ts";
import { createGuessGuard } from "../guess-guard.ts";
import { readQuery } from "../parse-input.ts";
import { ProblemError, problemError } from "../problem-error.ts";
import { readAddress } from "../read-address.ts";
import { registerAgent } from "../register-agent.ts";
import { takeBody } from "../take-body.ts";
import { formatSecret } from "../tokens.ts";

/** Random bytes of a code: 192 bits, past all guessing. */
const codeLength = 24;

/** Adds the route that takes a code in place of a token. It stands before the authentication. */
export function addRedeemRoute(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;
  const guard = createGuessGuard(ports.now);

  app.post("/v1/enrolments/redeem", async (c) => {
    requireAdminToken(ports);
    guard(readAddress(c.req.raw, ports));
    const { code } = await takeBody(c.req.raw, "POST /v1/enrolments/redeem");
    const taken = await takeEnrolment(db, await hashToken(code), ports.now());
    if (!taken)
      throw problemError(
        "unauthenticated",
        "This code is not good (any more): it is used once, and in time. Ask the operator for another.",
      );
    const token = await redeem(taken);
    const { card } = taken;
    c.header("cache-control", "no-store");
    return c.json({ id: card.id, token, capabilities: card.capabilities, roles: card.roles, kinds: card.kinds }, 201);
  });

  /** The operator's decision is carried out here, by whoever has the code: the audit log names the code. */
  async function redeem({ id, card }: { id: string; card: AgentCard }): Promise<string> {
    const decision = { operator: `enrolments/${id}`, action: "enrolments.redeem", target: card.id, path: "/v1/enrolments/redeem" };
    let position: number | undefined;
    const finish = async (status: number, code: string | null) => {
      if (position === undefined) return;
      await finishDecision(db, position, { status, code, target: null, detail: undefined }).catch((error: unknown) =>
        ports.log({ level: "error", at: "audit", position, message: String(error) }),
      );
    };
    try {
      position = await beginDecision(db, decision, ports.now());
      const token = await registerAgent(ports, card);
      await finish(201, null);
      return token;
    } catch (error) {
      // Nobody has a token of it: the code is as good as before.
      await giveBackEnrolment(db, id);
      const problem = error instanceof ProblemError ? error.problem : undefined;
      await finish(problem?.status ?? 500, problem?.code ?? null);
      throw error;
    } finally {
      await announceChange(ports);
    }
  }
}

/** Adds the operators' routes. */
export function addEnrolmentRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  app.post("/v1/enrolments", async (c) => {
    const createdBy = await requireOperator(c, ports);
    const body = await takeBody(c.req.raw, "POST /v1/enrolments");
    const card: AgentCard = {
      id: body.agent,
      capabilities: [...new Set(body.capabilities)],
      roles: body.roles ?? null,
      kinds: body.kinds ?? null,
    };
    if (await readAgent(db, card.id))
      throw problemError("already_exists", `There is an agent ${card.id}. POST /v1/agents/${card.id}/token gives it a new token.`);
    const id = crypto.randomUUID();
    const code = formatSecret(ports.randomBytes(codeLength));
    const expires = ports.now() + body.expiresInSeconds * 1000;
    await addEnrolment(db, { id, codeHash: await hashToken(code), card, createdBy, expires }, ports.now());
    return c.json({ id, agent: card.id, code, expires: new Date(expires).toISOString() }, 201);
  });

  app.get("/v1/enrolments", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listEnrolments(db, readQuery(c, queries.enrolments), ports.now()));
  });

  app.delete("/v1/enrolments/:id", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    if (!(await removeEnrolment(db, id))) throw problemError("not_found", `There is no enrolment ${id}.`);
    return c.body(null, 204);
  });
}
