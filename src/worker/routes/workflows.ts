/** `/v1/workflows`: operators publish, read and withdraw workflows. */
import type { Hono } from "hono";
import { pathParameters, queries } from "../../contract/http/parameters.ts";
import { limits } from "../../contract/limits.ts";
import { createD1Registry } from "../../durable/registry/create-d1-registry.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { checkPublish, locateDiagnostics } from "../check-publish.ts";
import { parseInput, readQuery } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { readText } from "../read-body.ts";
import { readOnce } from "../read-once.ts";
import { findTurnWarnings } from "../schema-store.ts";
import { takeBody } from "../take-body.ts";
import { tellPublished, tellWithdrawn } from "../tell-queue.ts";
import {
  compiledBytes,
  findRevisions,
  listRevisions,
  listWorkflows,
  notePause,
  publishWorkflow,
  readWorkflow,
  withdrawWorkflow,
} from "../workflow-store.ts";

/** Adds the routes of `/v1/workflows`. */
export function addWorkflowRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  app.put("/v1/workflows/:name", async (c) => {
    await requireOperator(c, ports);
    const name = parseInput(pathParameters.workflow.schema, c.req.param("name"), "workflow's name");
    const text = await readText(c.req.raw, limits.workflowBytes);
    const { compiled: answered, diagnostics } = await ports.compile(text);
    const compiled = checkPublish(name, text, answered, diagnostics);
    const json = JSON.stringify(compiled);
    if (new TextEncoder().encode(json).byteLength > compiledBytes) {
      throw problemError(
        "too_large",
        `Compiled, the workflow is larger than ${compiledBytes} bytes. Split it into workflows that spawn each other.`,
        {
          limit: compiledBytes,
        },
      );
    }
    const warnings = await findTurnWarnings(db, compiled.ir);
    // From here on it is published: nothing that follows may be answered as if it were not.
    const isNew = await publishWorkflow(db, compiled, json, text, ports.now());
    await tellPublished(ports, name, compiled);
    return c.json(
      { name, revision: compiled.revision, diagnostics: locateDiagnostics(text, diagnostics), ...(warnings.length > 0 && { warnings }) },
      isNew ? 201 : 200,
    );
  });

  app.get("/v1/workflows", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listWorkflows(db, readQuery(c, queries.workflows)));
  });

  app.get("/v1/workflows/:name", async (c) => {
    await requireOperator(c, ports);
    const workflow = await findWorkflow(c.req.param("name"));
    return c.json({ ...workflow, ...unwrap(await ports.workflow(workflow.name).admission()) });
  });

  app.delete("/v1/workflows/:name", async (c) => {
    await requireOperator(c, ports);
    const name = c.req.param("name");
    if (!(await withdrawWorkflow(db, name, ports.now()))) throw noWorkflow(name);
    await tellWithdrawn(ports, name);
    return c.body(null, 204);
  });

  for (const order of ["pause", "unpause"] as const) {
    app.post(`/v1/workflows/:name/${order}`, async (c) => {
      const operator = await requireOperator(c, ports);
      const body = await takeBody(c.req.raw, `POST /v1/workflows/:name/${order}`);
      const reason = "reason" in body ? (body.reason ?? null) : null;
      const { name } = await findWorkflow(c.req.param("name"));
      const pause = order === "pause" ? { by: operator, reason, since: new Date(ports.now()).toISOString() } : null;
      const view = unwrap(await ports.workflow(name).pause(pause, await readOnce(c, operator, { reason })));
      await notePause(db, name, view.paused);
      return c.json({ name, ...view }, 202);
    });
  }

  app.get("/v1/workflows/:name/revisions", async (c) => {
    await requireOperator(c, ports);
    const name = c.req.param("name");
    const revisions = await listRevisions(db, name);
    if (revisions.length === 0) throw noWorkflow(name);
    return c.json({ name, revisions });
  });

  app.get("/v1/workflows/:name/revisions/:revision", async (c) => {
    await requireOperator(c, ports);
    const { name, revision } = c.req.param();
    const asked = parseInput(pathParameters.revision.schema, revision, "revision");
    const [found, ...others] = await findRevisions(db, name, asked);
    if (!found) throw problemError("not_found", `${name} has no revision ${asked}.`);
    if (others.length > 0) throw problemError("malformed", `Several revisions of ${name} begin with ${asked}: write more of it.`);
    return c.json({ name, ...found });
  });

  app.get("/v1/workflows/:name/machines", async (c) => {
    await requireOperator(c, ports);
    const name = c.req.param("name");
    const asked = readQuery(c, queries.machines).revision;
    const revision = asked ?? (await findWorkflow(name)).revision;
    const compiled = await createD1Registry(db).revision(revision);
    if (compiled?.ir.name !== name) {
      if (asked !== undefined) throw problemError("not_found", `${name} has no revision ${asked}.`);
      throw new Error(`Revision ${revision} of ${name} is published and not stored.`);
    }
    const { ir, recruitment, task } = compiled;
    return c.json({ name, revision, ir, recruitment, task });
  });

  async function findWorkflow(name: string) {
    const workflow = await readWorkflow(db, name);
    if (!workflow) throw noWorkflow(name);
    return workflow;
  }
}

function noWorkflow(name: string): Error {
  return problemError("not_found", `No workflow ${name} is published.`);
}
