/** `/v1/events`: taking events in, and the log of what was taken. */
import type { Hono } from "hono";
import { z } from "zod";
import type { CloudEvent } from "../../wire/event.ts";
import { exceedsDepth } from "../../wire/exceeds-depth.ts";
import type { Accepted, Rejected } from "../../wire/frames.ts";
import { limits } from "../../wire/limits.ts";
import { createProblem } from "../../wire/problem.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { nameObject, proveViewer } from "../authenticate.ts";
import { findEvents, queryEvents } from "../event-log.ts";
import { pageLimit, parseInput, wholeNumber } from "../parse-input.ts";
import { problemError, respondProblem, unwrap } from "../problem-error.ts";
import { readJson } from "../read-body.ts";

const attribute = z.string().min(1).max(limits.attributeLength);
const logQuery = z.strictObject({
  type: attribute.optional(),
  source: attribute.optional(),
  correlationid: attribute.optional(),
  causationid: attribute.optional(),
  after: wholeNumber.optional(),
  before: wholeNumber.optional(),
  limit: pageLimit,
});
const eventQuery = z.strictObject({ source: attribute.optional() });
const eventObject = z.record(z.string(), z.unknown(), { error: "one event, or an array of events" });

/** Adds the routes of `/v1/events`. */
export function addEventRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.post("/v1/events", async (c) => {
    const principal = c.get("principal");
    const body = await readJson(c.req.raw, limits.bodyBytes);
    const isBatch = Array.isArray(body);
    if (!isBatch && c.req.header("content-type")?.includes("cloudevents-batch")) {
      throw problemError("malformed", "A batch is a JSON array of events.");
    }
    const events: unknown[] = isBatch ? body : [parseInput(eventObject, body, "body")];
    if (events.length > limits.batchEvents) {
      throw problemError("too_large", `A batch holds at most ${limits.batchEvents} events.`, { limit: limits.batchEvents });
    }
    const object = ports.agent(nameObject(principal));
    const answers = await acceptEvents(events, async (fit) => unwrap(await object.accept(principal, fit)));
    if (isBatch) return c.json(answers, 202);
    const [answer] = answers;
    if (!answer) throw new Error("An event was neither accepted nor rejected.");
    return answer.status === "accepted" ? c.json(answer, 202) : respondProblem(answer.error);
  });

  app.get("/v1/events", async (c) => {
    const query = parseInput(logQuery, c.req.query(), "query");
    const viewer = await proveViewer(c, ports);
    return c.json(await queryEvents(ports.db, viewer, query));
  });

  app.get("/v1/events/:id", async (c) => {
    const { source } = parseInput(eventQuery, c.req.query(), "query");
    const viewer = await proveViewer(c, ports);
    const found = await findEvents(ports.db, viewer, c.req.param("id"), source);
    // An id is unique per source; to an agent, its own comes first.
    const own = found.find(({ event }) => event.source === `/agents/${viewer}`);
    const [first] = found;
    if (!first) throw problemError("not_found", "There is no such event, or it is not yours to see. The log may be seconds behind.");
    if (found.length > 1 && !own) {
      const sources = found.map(({ event }: { event: CloudEvent }) => event.source);
      throw problemError("malformed", "Several senders used this id. Add `?source=` to say whose you mean.", { sources });
    }
    return c.json(own ?? first);
  });
}

/**
 * Lets the object judge the events, but for those nested so deep that the call itself could not carry them.
 * @returns answers in the order of the events
 */
async function acceptEvents(
  events: unknown[],
  accept: (fit: unknown[]) => Promise<(Accepted | Rejected)[]>,
): Promise<(Accepted | Rejected)[]> {
  // The event itself is one level above its data.
  const tooDeep = events.map((event) => exceedsDepth(event, limits.dataDepth + 1));
  // An empty batch is passed on too: whether the token is right is the object's to say.
  const judged = (await accept(events.filter((_, index) => !tooDeep[index]))).values();
  return events.map((event, index) => (tooDeep[index] ? rejectDeep(event) : (judged.next().value as Accepted | Rejected)));
}

function rejectDeep(event: unknown): Rejected {
  const { id } = event as { id?: unknown };
  const error = createProblem("malformed", `The event nests deeper than ${limits.dataDepth} levels.`, { limit: limits.dataDepth });
  return { id: typeof id === "string" ? id : null, status: "rejected", error };
}
