/** `/v1/threads`: the index from D1, one thread from its own object, and an operator's word to it. */
import type { Context, Hono } from "hono";
import { pathParameters, queries } from "../../contract/http/parameters.ts";
import { signals, wordsOf } from "../../contract/language.ts";
import { limits } from "../../contract/limits.ts";
import { type Result, succeed } from "../../contract/problem.ts";
import { toWaitFor } from "../../contract/waits.ts";
import { readTraceOf } from "../../durable/trace/read-trace.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { proveViewer, requireOperator } from "../authenticate.ts";
import { readQuery } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { readOnce } from "../read-once.ts";
import { takeBody } from "../take-body.ts";
import { type ArchivedThread, pageMessages, readArchive } from "../thread-archive.ts";
import { countFitting, listThreads } from "../thread-index.ts";

/** Adds the routes of `/v1/threads`. */
export function addThreadRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.get("/v1/threads", async (c) => c.json(await answerList(c, ports)));

  app.get("/v1/threads/:id", async (c) => {
    const viewer = await proveViewer(c, ports);
    const shown = await findThread(c).show(viewer);
    const archived = await findArchived(c, shown, viewer);
    return c.json(archived ? { ...archived.view, ...tellArchived(archived) } : unwrap(shown));
  });

  app.get("/v1/threads/:id/messages", async (c) => {
    const query = readPage(c);
    const viewer = await proveViewer(c, ports);
    const said = await findThread(c).messages(viewer, query);
    const archived = await findArchived(c, said, viewer);
    return c.json(archived ? pageMessages(archived, query) : unwrap(said));
  });

  app.get("/v1/threads/:id/trace", async (c) => {
    const viewer = await proveViewer(c, ports);
    const id = c.req.param("id");
    const trace = await readTraceOf(id, viewer, { db: ports.db, root: findThread(c) });
    const archived = await findArchived(c, trace, viewer);
    if (!archived) return c.json(unwrap(trace));
    const root = {
      show: async () => succeed(archived.view),
      messages: async (_: string | null, page: { after?: number; limit: number }) => succeed(pageMessages(archived, page)),
    };
    return c.json({ ...unwrap(await readTraceOf(id, viewer, { db: ports.db, root })), ...tellArchived(archived) });
  });

  app.get("/v1/threads/:id/history", async (c) => {
    await requireOperator(c, ports);
    const { after, taskAfter, limit } = readQuery(c, queries.history);
    const history = await findThread(c).history({
      limit,
      ...(after !== undefined && { after }),
      ...(taskAfter !== undefined && { taskAfter }),
    });
    const archived = await findArchived(c, history, null);
    if (!archived) return c.json(unwrap(history));
    const { archivedAt, keptUntil } = archived;
    throw problemError(
      "not_found",
      `The thread ${archived.view.id} was archived ${archivedAt}: of what its machines did nothing is kept. Its trace and messages are${keptUntil === null ? "" : `, until ${keptUntil}`}.`,
      { archivedAt, keptUntil },
    );
  });

  app.get("/v1/threads/:id/explain", async (c) => {
    await requireOperator(c, ports);
    const explained = await findThread(c).explain();
    const archived = await findArchived(c, explained, null);
    if (archived) {
      const { id: thread, workflow, status } = archived.view;
      return c.json({ thread, workflow, status, waits: [], unfilled: [], ...tellArchived(archived) });
    }
    const explanation = unwrap(explained);
    if (!explanation.queue) return c.json(explanation);
    // Who has the places, the index knows; it may lag a blink.
    const has = async (status: "recruiting" | "running") =>
      (await listThreads(ports.db, null, { workflow: explanation.workflow, status, limit: limits.page })).threads.map(({ id }) => id);
    return c.json({ ...explanation, queue: { ...explanation.queue, runs: [...(await has("recruiting")), ...(await has("running"))] } });
  });

  app.get("/v1/threads/:id/roles/:role/candidates", async (c) => {
    const viewer = await proveViewer(c, ports);
    return c.json(unwrap(await findThread(c).candidates(viewer, c.req.param("role"))));
  });

  for (const signal of wordsOf(signals)) {
    app.post(`/v1/threads/:id/${signal}`, async (c) => {
      const operator = await requireOperator(c, ports);
      const body = await takeBody(c.req.raw, `POST /v1/threads/:id/${signal}`);
      return c.json(await unwrapOrder(c, await findThread(c).control(signal, operator, body, await readOnce(c, operator, body))), 202);
    });
  }

  app.post("/v1/threads/:id/restart", async (c) => {
    const operator = await requireOperator(c, ports);
    const body = await takeBody(c.req.raw, "POST /v1/threads/:id/restart");
    return c.json(await unwrapOrder(c, await findThread(c).restart(operator, body, await readOnce(c, operator, body))), 202);
  });

  app.post("/v1/threads/:id/fork", async (c) => {
    const operator = await requireOperator(c, ports);
    const body = await takeBody(c.req.raw, "POST /v1/threads/:id/fork");
    return c.json(await unwrapOrder(c, await findThread(c).fork(operator, body, await readOnce(c, operator, body))), 202);
  });

  app.post("/v1/threads/:id/roles/:role", async (c) => {
    const operator = await requireOperator(c, ports);
    const body = await takeBody(c.req.raw, "POST /v1/threads/:id/roles/:role");
    const assigned = await findThread(c).assign(operator, c.req.param("role"), body, await readOnce(c, operator, body));
    return c.json(await unwrapOrder(c, assigned), 202);
  });

  /** What D1 keeps of a thread that has no object any more. */
  async function findArchived(c: Context<AppEnv>, answer: Result<unknown>, viewer: string | null): Promise<ArchivedThread | undefined> {
    if (answer.ok || answer.problem.code !== "not_found") return undefined;
    return readArchive(ports, c.req.param("id") ?? "", viewer);
  }

  /** An order to a thread that is archived: it is there to be seen, so it is not unknown. */
  async function unwrapOrder<T>(c: Context<AppEnv>, answer: Result<T>): Promise<T> {
    const archived = await findArchived(c, answer, null);
    if (!archived) return unwrap(answer);
    throw problemError(
      "not_allowed_now",
      `The thread ${archived.view.id} was archived ${archived.archivedAt}: it can be shown, and not be changed any more.`,
    );
  }

  function findThread(c: Context<AppEnv>) {
    const id = c.req.param("id") ?? "";
    // Whatever cannot be an id wakes no object.
    if (!pathParameters.thread.schema.safeParse(id).success) throw problemError("not_found", `There is no thread ${id}.`);
    return ports.thread(id);
  }
}

/** A page of threads, and how many fit where that is asked for. */
async function answerList(c: Context<AppEnv>, ports: AppPorts) {
  const { waiting, count, ...query } = readQuery(c, queries.threads);
  const asked = waiting === undefined || waiting === "any" ? waiting : toWaitFor(waiting);
  const viewer = await proveViewer(c, ports);
  const [page, counts] = await Promise.all([
    listThreads(ports.db, viewer, { ...query, waiting: asked }),
    count ? countFitting(ports.db, viewer, { ...query, waiting: asked }) : undefined,
  ]);
  return { ...page, ...(counts && { counts }) };
}

function tellArchived({ archivedAt, keptUntil }: ArchivedThread): Pick<ArchivedThread, "archivedAt" | "keptUntil"> {
  return { archivedAt, keptUntil };
}

function readPage(c: Context<AppEnv>): { after?: number; limit: number } {
  const { after, limit } = readQuery(c, queries.numbered);
  return { ...(after !== undefined && { after }), limit };
}
