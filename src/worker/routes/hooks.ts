/** `/v1/hooks`: what other services post here, signed, and the hooks that operators make for them. */
import type { Context, Hono } from "hono";
import type { HookSender } from "../../contract/hook-senders.ts";
import { queries } from "../../contract/http/parameters.ts";
import { limits } from "../../contract/limits.ts";
import type { HookRecord } from "../../contract/views/hook.ts";
import { findSecretFault } from "../../durable/hook/verify-signature.ts";
import type { HookDelivery } from "../../durable/protocol/hook.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireAdminToken, requireOperator } from "../authenticate.ts";
import { requireMap } from "../check-map.ts";
import { createDoor } from "../hook-door.ts";
import { addHook, changeHook, hooksAtMost, listHooks, readHook, removeHook } from "../hook-store.ts";
import { readQuery } from "../parse-input.ts";
import { ProblemError, problemError, respondProblem, unwrap } from "../problem-error.ts";
import { readAddress } from "../read-address.ts";
import { readBytes } from "../read-body.ts";
import { takeBody } from "../take-body.ts";
import { formatSecret, formatWebhookSecret } from "../tokens.ts";

/** The name of an object that is no hook's: no name has a slash. It refuses for all that are not there, on the same way. */
const nobody = "nobody/here";

/** Adds the route that senders post to. It stands before the authentication: a delivery is proven by its signature alone. */
export function addHookDoor(app: Hono<AppEnv>, ports: AppPorts): void {
  const door = createDoor(ports);

  app.post("/v1/hooks/:name", async (c) => {
    requireAdminToken(ports);
    const name = c.req.param("name");
    const request = c.req.raw;
    c.header("cache-control", "no-store");
    const leave = await door.enter(readAddress(request, ports), name);
    const began = ports.now();
    try {
      const isThere = !ports.isHook || (await ports.isHook(name));
      const object = ports.hook(isThere ? name : nobody);
      const body = await readBytes(request, limits.bodyBytes).catch(async (error: unknown) => {
        // Whoever makes the map must see why nothing comes; of a name that is not there nobody hears.
        if (error instanceof ProblemError) await object.noteRefusal(error.problem.code, error.problem.detail);
        throw error;
      });
      const taken = await object.take({ headers: Object.fromEntries(request.headers), body });
      if (taken.ok) return c.json(taken.value, 202);
      if (taken.problem.status === 401) await door.delay(began);
      return respondProblem(taken.problem);
    } finally {
      leave();
    }
  });
}

/** Adds the operators' routes. */
export function addHookRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  /** @throws ProblemError `not_found` */
  async function find(c: Context<AppEnv>): Promise<HookRecord> {
    const name = c.req.param("name") ?? "";
    const found = await readHook(db, name);
    if (!found) throw problemError("not_found", `There is no hook ${name}.`);
    return found;
  }

  /** The secret that was given, or a new one. @throws ProblemError `malformed`, which does not say the secret */
  function settleSecret(from: HookSender, given: string | undefined): { secret: string; shown: { secret?: string } } {
    const fault = given === undefined ? undefined : findSecretFault(from, given);
    if (fault !== undefined) throw problemError("malformed", fault);
    const bytes = ports.randomBytes(32);
    const secret = given ?? (from === "github" ? formatSecret(bytes) : formatWebhookSecret(bytes));
    // Who gave it knows it.
    return { secret, shown: given === undefined ? { secret } : {} };
  }

  app.post("/v1/hooks", async (c) => {
    const createdBy = await requireOperator(c, ports);
    const { name, from, kinds: given, map, note, secret: chosen } = await takeBody(c.req.raw, "POST /v1/hooks");
    requireMap(map);
    const { secret, shown } = settleSecret(from, chosen);
    const hook = { name, from, kinds: [...new Set(given)].sort(), note, createdBy };
    // First its row: of two that are made under one name at once, one has it.
    if (!(await addHook(db, hook, ports.now()))) {
      if (await readHook(db, name)) throw problemError("already_exists", `There is a hook ${name}. PATCH /v1/hooks/${name} changes it.`);
      throw problemError("not_allowed_now", `There are ${hooksAtMost} already. Remove one first.`, { limit: hooksAtMost });
    }
    await ports.hook(name).create({ from, kinds: hook.kinds, map, secret });
    return c.json({ ...hook, createdAt: new Date(ports.now()).toISOString(), ...shown }, 201);
  });

  app.get("/v1/hooks", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listHooks(db, readQuery(c, queries.hooks)));
  });

  app.get("/v1/hooks/:name", async (c) => {
    await requireOperator(c, ports);
    const found = await find(c);
    return c.json({ ...found, standing: await ports.hook(found.name).standing() });
  });

  app.patch("/v1/hooks/:name", async (c) => {
    await requireOperator(c, ports);
    const { kinds, map, note } = await takeBody(c.req.raw, "PATCH /v1/hooks/:name");
    if (map !== undefined) requireMap(map);
    const found = await find(c);
    const changed = { ...found, ...(kinds && { kinds: [...new Set(kinds)].sort() }), ...(note !== undefined && { note }) };
    unwrap(await ports.hook(found.name).change({ kinds: changed.kinds, ...(map !== undefined && { map }) }));
    await changeHook(db, found.name, changed);
    return c.json({ ...changed, standing: await ports.hook(found.name).standing() });
  });

  app.delete("/v1/hooks/:name", async (c) => {
    await requireOperator(c, ports);
    const { name } = await find(c);
    // Its row last: while it is there, a removal that failed can be repeated.
    await ports.hook(name).remove();
    await removeHook(db, name);
    return c.body(null, 204);
  });

  app.post("/v1/hooks/:name/secret", async (c) => {
    await requireOperator(c, ports);
    const { overlapSeconds: overlap, secret: chosen } = await takeBody(c.req.raw, "POST /v1/hooks/:name/secret");
    const { name, from } = await find(c);
    const { secret, shown } = settleSecret(from, chosen);
    unwrap(await ports.hook(name).rotate(secret, overlap * 1000));
    return c.json({ name, ...shown, formerUntil: new Date(ports.now() + overlap * 1000).toISOString() });
  });

  app.post("/v1/hooks/:name/test", async (c) => {
    await requireOperator(c, ports);
    const { headers, body, map } = await takeBody(c.req.raw, "POST /v1/hooks/:name/test");
    if (map !== undefined) requireMap(map);
    const { name } = await find(c);
    return c.json(unwrap(await ports.hook(name).tryMap(recordDelivery(headers, body), map)));
  });
}

/** A payload that somebody kept, with an id where they kept none. */
function recordDelivery(headers: { [name: string]: string }, body: string): HookDelivery {
  const given = Object.entries(headers).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const usual = { "content-type": "application/json", "x-github-delivery": "test", "webhook-id": "test" };
  return { headers: { ...usual, ...Object.fromEntries(given) }, body: new TextEncoder().encode(body) };
}
