/** `/v1/webhooks`: events that are posted to somebody's server. Operators alone: what is in the log goes out. */
import type { Context, Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import type { WebhookRecord } from "../../contract/views/webhook.ts";
import { cutToOrigin, judgeWebhookAddress } from "../../contract/webhook-address.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { maySeeSecrets, requireOperator } from "../authenticate.ts";
import { readEnd, selectPositionAt } from "../event-log.ts";
import { readQuery } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { takeBody } from "../take-body.ts";
import { formatWebhookSecret } from "../tokens.ts";
import { addWebhook, listWebhooks, readWebhook, removeWebhook, webhooksAtMost } from "../webhook-store.ts";

/** Adds the routes of `/v1/webhooks`. */
export function addWebhookRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  const newSecret = (): string => formatWebhookSecret(ports.randomBytes(32));

  /** @throws ProblemError `not_found` */
  async function find(c: Context<AppEnv>): Promise<WebhookRecord> {
    const id = c.req.param("id") ?? "";
    const found = await readWebhook(db, id);
    if (!found) throw problemError("not_found", `There is no webhook ${id}.`);
    return found;
  }

  app.post("/v1/webhooks", async (c) => {
    const createdBy = await requireOperator(c, ports);
    const { url: given, kinds, workflow, role, agent, links, note } = await takeBody(c.req.raw, "POST /v1/webhooks");
    const judged = judgeWebhookAddress(given, ports.allowsPrivateWebhooks === true);
    if (!judged.ok) throw problemError("malformed", judged.error);
    const filter = { kinds: [...new Set(kinds)].sort(), workflow: workflow ?? null, role: role ?? null, agent: agent ?? null };
    const webhook = {
      ...{ id: crypto.randomUUID(), url: judged.url, ...filter, note, createdBy },
      links: links === undefined ? new URL(c.req.url).origin : links.replace(/\/+$/, ""),
    };
    const secret = newSecret();
    // First its object, which nobody wakes before the registry has it: so nothing is missed from here on.
    const object = ports.webhook(webhook.id);
    await object.create({ url: webhook.url, filter, links: webhook.links, secret, position: await readEnd(db) });
    if (!(await addWebhook(db, webhook, ports.now()))) {
      await object.remove();
      throw problemError("not_allowed_now", `There are ${webhooksAtMost} already. Remove one first.`, { limit: webhooksAtMost });
    }
    // What was written since its position, and before the registry had it, nobody told it of.
    await object.wake();
    return c.json({ ...webhook, createdAt: new Date(ports.now()).toISOString(), secret }, 201);
  });

  app.get("/v1/webhooks", async (c) => {
    await requireOperator(c, ports);
    const { webhooks, next } = await listWebhooks(db, readQuery(c, queries.webhooks));
    return c.json({ webhooks: webhooks.map((each) => showTo(c, each)), next });
  });

  app.get("/v1/webhooks/:id", async (c) => {
    await requireOperator(c, ports);
    const found = await find(c);
    return c.json({ ...showTo(c, found), standing: await ports.webhook(found.id).standing() });
  });

  app.delete("/v1/webhooks/:id", async (c) => {
    await requireOperator(c, ports);
    const { id } = await find(c);
    // The registry last: while it has the webhook, a removal that failed can be repeated. An object that nobody can name would send on.
    await ports.webhook(id).remove();
    await removeWebhook(db, id);
    return c.body(null, 204);
  });

  app.post("/v1/webhooks/:id/secret", async (c) => {
    await requireOperator(c, ports);
    const { overlapSeconds: overlap } = await takeBody(c.req.raw, "POST /v1/webhooks/:id/secret");
    const { id } = await find(c);
    const secret = newSecret();
    unwrap(await ports.webhook(id).rotate(secret, overlap * 1000));
    return c.json({ id, secret, formerUntil: new Date(ports.now() + overlap * 1000).toISOString() });
  });

  app.post("/v1/webhooks/:id/resume", async (c) => {
    await requireOperator(c, ports);
    await takeBody(c.req.raw, "POST /v1/webhooks/:id/resume");
    const { id } = await find(c);
    unwrap(await ports.webhook(id).resume());
    return c.json({ id, standing: await ports.webhook(id).standing() }, 202);
  });

  app.post("/v1/webhooks/:id/replay", async (c) => {
    await requireOperator(c, ports);
    const { after, since, deadLetters } = await takeBody(c.req.raw, "POST /v1/webhooks/:id/replay");
    const { id } = await find(c);
    if (deadLetters !== undefined) return c.json(unwrap(await ports.webhook(id).replay({ deadLetters })), 202);
    const from = after ?? (await findPosition(Date.parse(since ?? "")));
    return c.json(unwrap(await ports.webhook(id).replay({ after: from })), 202);
  });

  app.get("/v1/webhooks/:id/dead-letters", async (c) => {
    await requireOperator(c, ports);
    const query = readQuery(c, queries.webhookDeadLetters);
    const { id } = await find(c);
    return c.json(await ports.webhook(id).deadLetters(query));
  });

  /** The position before the first event that was recorded then or later. */
  async function findPosition(time: number): Promise<number> {
    const found = await selectPositionAt(db, "log_entry", time).first<{ position: number }>();
    return Math.max(0, (found?.position ?? 0) - 1);
  }
}

/** As this caller may see it: chat services have a secret in the path or query of an address. */
function showTo(c: Context<AppEnv>, webhook: WebhookRecord): WebhookRecord {
  return maySeeSecrets(c) ? webhook : { ...webhook, url: cutToOrigin(webhook.url), urlIsOrigin: true };
}
