/** `/v1/operators` and `/v1/audit`: who runs this, and what they decided. */
import type { Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import { hashToken } from "../../durable/agent/token-hash.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { hideAddresses, listDecisions } from "../audit-store.ts";
import { maySeeSecrets, requireOperator, rootOperator } from "../authenticate.ts";
import { addOperator, listOperators, removeOperator } from "../operator-store.ts";
import { readQuery } from "../parse-input.ts";
import { problemError } from "../problem-error.ts";
import { takeBody } from "../take-body.ts";
import { formatToken, operatorPrefix } from "../tokens.ts";

/** Adds the routes. */
export function addOperatorRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  app.post("/v1/operators", async (c) => {
    const createdBy = await requireOperator(c, ports);
    const { name, access } = await takeBody(c.req.raw, "POST /v1/operators");
    const token = formatToken(`${operatorPrefix}${name}`, ports.randomBytes(32));
    const added =
      name !== rootOperator && (await addOperator(db, { name, access, tokenHash: await hashToken(token), createdBy }, ports.now()));
    if (!added) throw problemError("already_exists", `There is an operator ${name}. Take another name, or delete it first.`);
    return c.json({ name, access, token }, 201);
  });

  app.get("/v1/operators", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listOperators(db, readQuery(c, queries.operators)));
  });

  app.delete("/v1/operators/:name", async (c) => {
    await requireOperator(c, ports);
    const name = c.req.param("name");
    if (name === rootOperator)
      throw problemError("forbidden", "This operator's token is the Worker's secret: change NERVEFLARE_ADMIN_TOKEN instead.");
    if (!(await removeOperator(db, name))) throw problemError("not_found", `There is no operator ${name}.`);
    return c.body(null, 204);
  });

  app.get("/v1/audit", async (c) => {
    await requireOperator(c, ports);
    const { decisions, next } = await listDecisions(db, readQuery(c, queries.audit));
    return c.json({ decisions: maySeeSecrets(c) ? decisions : decisions.map(hideAddresses), next });
  });
}
