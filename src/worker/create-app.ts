/** The HTTP app: authentication in front of every route but one, problems for everything that goes wrong. */
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { TrieRouter } from "hono/router/trie-router";
import { Hono } from "hono/tiny";
import { createProblem } from "../contract/problem.ts";
import { announceChange } from "./announce-change.ts";
import type { AppEnv, AppPorts } from "./app-ports.ts";
import { auditChanges } from "./audit-changes.ts";
import { authenticate, guardAccess, proveViewer } from "./authenticate.ts";
import { describeFailure } from "./describe-failure.ts";
import { findAllowedMethods } from "./find-allowed-methods.ts";
import { guardCalls } from "./guard-calls.ts";
import { guardOrigins } from "./guard-origins.ts";
import { addSecurityHeaders, refuseOddMethods } from "./harden.ts";
import { ProblemError, problemError, respondProblem } from "./problem-error.ts";
import { createReadiness, guardReadiness } from "./readiness.ts";
import { addA2aCardRoute, addA2aRoutes } from "./routes/a2a.ts";
import { addAgentCardRoutes } from "./routes/agent-card.ts";
import { addAgentRoutes } from "./routes/agents.ts";
import { addArtifactRoutes } from "./routes/artifacts.ts";
import { addBroadcastRoutes } from "./routes/broadcasts.ts";
import { addDeadLetterRoutes } from "./routes/dead-letters.ts";
import { addDocsRoutes } from "./routes/docs.ts";
import { addEnrolmentRoutes, addRedeemRoute } from "./routes/enrolments.ts";
import { addEventRoutes } from "./routes/events.ts";
import { addHookDoor, addHookRoutes } from "./routes/hooks.ts";
import { addInboxRoutes } from "./routes/inbox.ts";
import { addMcpRoute } from "./routes/mcp.ts";
import { addOperatorRoutes } from "./routes/operators.ts";
import { addPlacementRoute } from "./routes/placement.ts";
import { addSchemaRoutes } from "./routes/schemas.ts";
import { addSessionRoutes } from "./routes/session.ts";
import { addReadinessRoute, addStatusRoutes } from "./routes/status.ts";
import { addSubscriptionRoutes } from "./routes/subscriptions.ts";
import { addThreadRoutes } from "./routes/threads.ts";
import { addWebhookRoutes } from "./routes/webhooks.ts";
import { addWorkflowRoutes } from "./routes/workflows.ts";
import { serveInspector } from "./serve-inspector.ts";

/**
 * Builds the app over its ports. Who may call what is a table in test/unit/worker/access-matrix.test.ts: a new route needs
 * a row there. What an operator changes is audited, and refused to read-only tokens, without a route's doing.
 */
export function createApp(ports: AppPorts): Hono<AppEnv> {
  // One of the two routers that the default holds: the other, a third of Hono, is faster by microseconds a request.
  const app = new Hono<AppEnv>();
  app.router = new TrieRouter();

  const readiness = createReadiness(ports);
  app.use("*", addSecurityHeaders());
  app.use("*", guardOrigins(ports));
  app.use("*", refuseOddMethods());
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  addReadinessRoute(app, readiness);
  addDocsRoutes(app, ports);
  addA2aCardRoute(app);
  app.use("*", serveInspector(ports));
  app.use("*", guardReadiness(ports, readiness));
  addRedeemRoute(app, ports);
  addHookDoor(app, ports);
  app.use("*", guardCalls(ports));
  app.use("*", authenticate(ports));
  app.use("*", async (c, next) => {
    await next();
    // Answers are for one token's holder, and some hold tokens.
    if (c.res.status !== 101) c.header("cache-control", "no-store");
  });

  app.use(
    "*",
    auditChanges(ports, () => app.routes),
  );
  app.use("*", guardAccess());

  for (const changing of ["/v1/agents", "/v1/agents/*", "/v1/workflows/*"]) app.use(changing, tellRegistry(ports));
  addAgentRoutes(app, ports);
  addSubscriptionRoutes(app, ports);
  addAgentCardRoutes(app, ports);
  addWorkflowRoutes(app, ports);
  addEventRoutes(app, ports);
  addBroadcastRoutes(app, ports);
  addInboxRoutes(app, ports);
  addThreadRoutes(app, ports);
  addSchemaRoutes(app, ports);
  addDeadLetterRoutes(app, ports);
  addArtifactRoutes(app, ports);
  addWebhookRoutes(app, ports);
  addHookRoutes(app, ports);
  addStatusRoutes(app, ports, readiness);
  addPlacementRoute(app, ports);
  addOperatorRoutes(app, ports);
  addSessionRoutes(app, ports);
  addEnrolmentRoutes(app, ports);
  addMcpRoute(app, ports);
  addA2aRoutes(app, ports);

  app.notFound(async (c) => {
    // What exists is told only to those who may ask.
    await proveViewer(c, ports);
    const allowed = findAllowedMethods(app.routes, c.req.path);
    if (allowed.length === 0) throw problemError("not_found", `There is no ${c.req.path} here.`);
    const problem = createProblem("method_not_allowed", `${c.req.path} takes ${allowed.join(", ")}.`, { allowed });
    return respondProblem(problem, { allow: allowed.join(", ") });
  });

  app.onError((error) => {
    if (error instanceof ProblemError) return respondProblem(error.problem);
    if (error instanceof HTTPException && error.status < 500) return respondProblem(createProblem("malformed", error.message));
    const correlation = crypto.randomUUID();
    ports.log({ level: "error", correlation, message: String(error), stack: error.stack });
    return respondProblem(describeFailure(error, correlation));
  });

  return app;
}

/** Before a change of the registry is answered, whoever keeps its rows in memory hears of it: also where it failed half-way. */
function tellRegistry(ports: AppPorts): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    if (c.req.method !== "GET" && c.res.status !== 401 && c.res.status !== 403) await announceChange(ports);
  };
}
