/** `/v1/placement`: moves the actors of a cell to objects of their own, a share at each call. */
import type { Hono } from "hono";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { problemError } from "../problem-error.ts";
import { takeBody } from "../take-body.ts";

/** Adds the route. */
export function addPlacementRoute(app: Hono<AppEnv>, ports: AppPorts): void {
  app.post("/v1/placement", async (c) => {
    await requireOperator(c, ports);
    await takeBody(c.req.raw, "POST /v1/placement");
    // They have objects of their own.
    if (!ports.moveCell) return c.json({ phase: "done", done: 0, of: 0 });
    if (!ports.paused)
      throw problemError(
        "not_allowed_now",
        "Actors move while nothing runs. Start the server with --paused, or deploy it with --var NERVEFLARE_PAUSED=true, and order it again.",
      );
    const move = await ports.moveCell().catch(tellRefusal);
    if (!move) throw problemError("unavailable", "The cell still runs: it takes up that it is paused within a minute.", { retryAfter: 5 });
    return c.json(move);
  });
}

/** An object that does not take what is moved says why, and whose it is: only who runs the deployment knows what to make of it. */
function tellRefusal(error: unknown): never {
  const [reason] = /move_refused: .*/.exec(String((error as { message?: unknown }).message)) ?? [];
  throw reason === undefined ? error : problemError("not_allowed_now", reason);
}
