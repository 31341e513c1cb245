/** `/v1/events`: taking events in, and the log of what was taken. */
import type { Hono } from "hono";
import type { CloudEvent } from "../../contract/event.ts";
import { exceedsDepth } from "../../contract/exceeds-depth.ts";
import type { Accepted, Rejected } from "../../contract/frames/server-frames.ts";
import { queries } from "../../contract/http/parameters.ts";
import { limits } from "../../contract/limits.ts";
import { createProblem } from "../../contract/problem.ts";
import { pruneArchived } from "../../durable/projector/prune-log.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { streamArchive } from "../archive-log.ts";
import { nameObject, proveAgain, proveViewer, requireOperator } from "../authenticate.ts";
import { findEvents, type LogQuery, queryEvents, readEnd } from "../event-log.ts";
import { explainEvent, readRouting } from "../explain-event.ts";
import { followLimits, followLog } from "../follow-log.ts";
import { readHeader, readQuery, refuseHead } from "../parse-input.ts";
import { problemError, respondProblem, unwrap } from "../problem-error.ts";
import { asksForBatch, batchType, readEvents } from "../read-events.ts";

/** Adds the routes of `/v1/events`. */
export function addEventRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.post("/v1/events", async (c) => {
    const principal = c.get("principal");
    const { events, batch } = await readEvents(c.req.raw);
    const object = ports.agent(nameObject(principal));
    const answers = await acceptEvents(events, async (fit) => unwrap(await object.accept(principal, fit)));
    if (batch) return c.json(answers, 202);
    const [answer] = answers;
    if (!answer) throw new Error("An event was neither accepted nor rejected.");
    return answer.status === "accepted" ? c.json(answer, 202) : respondProblem(answer.error);
  });

  app.get("/v1/events", async (c) => {
    const query = readQuery(c, queries.log);
    const viewer = await proveViewer(c, ports);
    const { follow, changes, reader, replaces, ticket: _, ...filter } = query;
    if (follow) {
      refuseHead(c);
      const end = await readEnd(ports.db);
      // A position that is yet to come is of another log, as of a server that was restored: its reader is told where this one ends.
      const from = Math.min(end, readHeader(c, "Last-Event-ID") ?? filter.after ?? (filter.since === undefined ? end : 0));
      return followLog(from, {
        who: viewer === null ? nameObject(c.get("principal")) : `agents/${viewer}`,
        read: async (after) => {
          const { events, next, through } = await queryEvents(ports.db, viewer, { ...filter, after, limit: followLimits.page });
          // An agent may take part in a thread later than its first events are in the log.
          const resume = viewer === null || next !== null ? through : (events.at(-1)?.position ?? after);
          return { events, resume: Math.max(after, resume), more: next !== null };
        },
        projector: ports.projector(),
        prove: () => proveAgain(c, ports),
        now: ports.now,
        changes: changes === true,
        names: { reader, replaces },
      });
    }
    const { through: _through, ...page } = await queryEvents(ports.db, viewer, filter);
    if (!asksForBatch(c.req.header("accept"))) return c.json(page);
    if (page.next !== null) c.header("link", `<${writeNext(c.req.url, page.next, filter)}>; rel="next"`);
    const batch = page.events.map(({ event }) => event);
    return c.body(JSON.stringify(batch), 200, { "content-type": batchType });
  });

  app.get("/v1/events/archive", async (c) => {
    await requireOperator(c, ports);
    const { after = 0, until } = readQuery(c, queries.archive);
    return streamArchive(ports.db, { after, until });
  });

  app.delete("/v1/events/archive", async (c) => {
    await requireOperator(c, ports);
    const { through, until } = readQuery(c, queries.prune);
    const deleted = await pruneArchived(ports.db, { through, until });
    return c.json({ deleted });
  });

  app.get("/v1/events/:id", async (c) => {
    const { source } = readQuery(c, queries.event);
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
    const entry = own ?? first;
    // What others have done with it is for its sender and for operators.
    if (viewer !== null && entry !== own) return c.json(entry);
    return c.json({ ...entry, ...(await explainEvent(ports, entry.event, await readRouting(ports.db, entry.position))) });
  });
}

/** The address of the next page, which goes on in the direction of this one. */
function writeNext(url: string, next: number, { after, before }: LogQuery): string {
  const { pathname, searchParams } = new URL(url);
  searchParams.set(before !== undefined && after === undefined ? "before" : "after", String(next));
  return `${pathname}?${searchParams}`;
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
