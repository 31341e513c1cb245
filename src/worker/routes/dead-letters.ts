/** `/v1/parked`: events that could not be run, for operators. The list is D1's; the word is the object's that parked it. */
import type { Hono } from "hono";
import * as z from "zod";
import { limits } from "../../contract/limits.ts";
import { answerOnce } from "../answer-store.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { listDeadLetters } from "../dead-letter-store.ts";
import { answerShapes } from "../describe/answer-shapes.ts";
import type { RouteDoc } from "../describe/route-doc.ts";
import { pageLimit, parseInput } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { readJson } from "../read-body.ts";
import { readOnce } from "../read-once.ts";
import { retryDeadLetter } from "../retry-dead-letters.ts";

/** A thread, and a number of its root's object or, with a `t`, of its task's. */
const parkedId = /^(t[a-z2-7]{25}):(t?\d{1,12})$/;
const parkedList = z.strictObject({
  thread: z.string().max(128).optional(),
  after: z.string().regex(parkedId, "an id of the list").optional(),
  limit: pageLimit,
});

const nothing = z.strictObject({});
/** One call retries a page: each event is a call to an object. */
const retryBody = parkedList.extend({ limit: z.int().min(1).max(limits.pageMax).default(limits.page) });

/** Adds the routes of `/v1/parked`. */
export function addDeadLetterRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.get("/v1/parked", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listDeadLetters(ports.db, parseInput(parkedList, c.req.query(), "query")));
  });

  app.post("/v1/parked/retry", async (c) => {
    const operator = await requireOperator(c, ports);
    const body = parseInput(retryBody, (await readJson(c.req.raw, limits.eventBytes)) ?? {}, "body");
    const answer = await answerOnce(ports, await readOnce(c, operator, body), async () => {
      const page = await listDeadLetters(ports.db, body);
      const done = await retryDeadLetter(
        page.parked.map(({ id }) => id),
        { operator, thread: ports.thread },
      );
      return { ...done, next: page.next };
    });
    return c.json(answer, 202);
  });

  for (const order of ["retry", "drop"] as const) {
    app.post(`/v1/parked/:id/${order}`, async (c) => {
      const operator = await requireOperator(c, ports);
      parseInput(nothing, (await readJson(c.req.raw, limits.eventBytes)) ?? {}, "body");
      const id = c.req.param("id") ?? "";
      const [, thread, event] = parkedId.exec(id) ?? [];
      if (thread === undefined || event === undefined) throw problemError("not_found", `Nothing is parked as ${id}.`);
      unwrap(await ports.thread(thread).settleDeadLetter(order, event, await readOnce(c, operator, {})));
      return c.json({ id, status: order === "retry" ? "taken" : "dropped" }, 202);
    });
  }
}

/** What these routes say of themselves. */
export const deadLetterDocs: RouteDoc[] = [
  {
    route: "GET /v1/parked",
    tag: "operations",
    summary: "List events that could not be run, oldest first",
    callers: "operators",
    query: parkedList,
    answers: { 200: { description: "A page.", schema: answerShapes.any } },
  },
  {
    route: "POST /v1/parked/retry",
    tag: "operations",
    summary: "Run parked events again, oldest first, and resume the threads that were suspended for them",
    callers: "admins",
    idempotent: true,
    body: { schema: retryBody, required: false },
    answers: {
      202: {
        description: "What was taken, what stays parked and why, and which threads go on; `next` is the `after` of the next page.",
        schema: answerShapes.any,
      },
    },
  },
  {
    route: "POST /v1/parked/:id/retry",
    tag: "operations",
    summary: "Run a parked event again",
    callers: "admins",
    idempotent: true,
    body: { schema: nothing, required: false },
    answers: {
      202: { description: "It was taken.", schema: answerShapes.identified },
      409: { description: "It stays parked; `detail` says why." },
    },
  },
  {
    route: "POST /v1/parked/:id/drop",
    tag: "operations",
    summary: "Give a parked event up",
    callers: "admins",
    idempotent: true,
    body: { schema: nothing, required: false },
    answers: { 202: { description: "It is gone.", schema: answerShapes.identified } },
  },
];
