/** `/v1/dead-letters`: events that could not be run, for operators. The list is D1's; what is done is done by the object that keeps the letter. */
import type { Hono } from "hono";
import { deadLetterPlaces } from "../../contract/http/dead-letter-places.ts";
import { pathParameters, queries } from "../../contract/http/parameters.ts";
import { answerOnce } from "../answer-store.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { listDeadLetters } from "../dead-letter-store.ts";
import { readQuery } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { readOnce } from "../read-once.ts";
import { retryDeadLetter } from "../retry-dead-letters.ts";
import { takeBody } from "../take-body.ts";

/** Adds the routes of `/v1/dead-letters`, and the same under their old name. */
export function addDeadLetterRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  for (const { path, field } of deadLetterPlaces) addRoutesAt(app, ports, path, field);
}

function addRoutesAt(app: Hono<AppEnv>, ports: AppPorts, path: string, field: (typeof deadLetterPlaces)[number]["field"]): void {
  app.get(path, async (c) => {
    await requireOperator(c, ports);
    const { deadLetters, next } = await listDeadLetters(ports.db, readQuery(c, queries.deadLetters));
    return c.json({ [field]: deadLetters, next });
  });

  app.post(`${path}/retry`, async (c) => {
    const operator = await requireOperator(c, ports);
    const body = await takeBody(c.req.raw, "POST /v1/dead-letters/retry");
    const answer = await answerOnce(ports, await readOnce(c, operator, body), async () => {
      const page = await listDeadLetters(ports.db, body);
      const done = await retryDeadLetter(
        page.deadLetters.map(({ id }) => id),
        { operator, thread: ports.thread },
      );
      return { ...done, next: page.next };
    });
    return c.json(answer, 202);
  });

  for (const order of ["retry", "drop"] as const) {
    app.post(`${path}/:id/${order}`, async (c) => {
      const operator = await requireOperator(c, ports);
      await takeBody(c.req.raw, `POST /v1/dead-letters/:id/${order}`);
      const id = c.req.param("id") ?? "";
      if (!pathParameters.deadLetter.schema.safeParse(id).success) throw problemError("not_found", `There is no dead letter ${id}.`);
      const [thread = "", event = ""] = id.split(":");
      unwrap(await ports.thread(thread).settleDeadLetter(order, event, await readOnce(c, operator, {})));
      return c.json({ id, status: order === "retry" ? "taken" : "dropped" }, 202);
    });
  }
}
