/** One attempt to bring one event to a receiver: what is sent, and what its answer means. Knows no storage. */
import type { LogEntry } from "../../contract/views/log.ts";
import { cutToOrigin, judgeWebhookAddress, unreachedHeader } from "../../contract/webhook-address.ts";
import { numberKey } from "../host/store/collections.ts";
import { linkTo } from "./link-to.ts";
import { nameMessage, signWebhook } from "./sign-webhook.ts";
import type { WebhookSettings } from "./webhook-documents.ts";
import { webhookLimits } from "./webhook-limits.ts";

export interface DeliveryPorts {
  fetch(url: string, init: RequestInit): Promise<Response>;
  now(): number;
  /** Whether receivers may be in private networks. */
  allowsPrivate: boolean;
  /** What is said of an event to whoever follows an A2A task; undefined: nothing. */
  tellTask(thread: string, entry: LogEntry): Promise<string | undefined>;
}

/** `gone`: the receiver wants nothing any more. `retryAfter`: milliseconds that it wants to be left alone. */
export type Attempt = { ok: true } | { ok: false; error: string; gone?: true; retryAfter?: number };

/** Never throws: what goes wrong is the receiver's, and counts against it. */
export async function attemptDelivery(settings: WebhookSettings, entry: LogEntry, ports: DeliveryPorts): Promise<Attempt> {
  const judged = judgeWebhookAddress(settings.url, ports.allowsPrivate);
  if (!judged.ok) return { ok: false, error: judged.error };
  const late = new AbortController();
  // Not `AbortSignal.timeout`, which keeps the object in memory until its time, whatever was answered.
  const timer = setTimeout(() => late.abort(new DOMException("too late", "TimeoutError")), webhookLimits.answer);
  try {
    const prepared = settings.push ? await preparePush(settings, entry, ports) : await prepareRequest(settings, entry, ports.now());
    if (prepared === undefined) return { ok: true };
    if (typeof prepared === "string") return { ok: false, error: prepared };
    return await readAnswer(judged.url, await ports.fetch(judged.url, { ...prepared, signal: late.signal }), ports.now());
  } catch (error) {
    return { ok: false, error: describeFailure(judged.url, error) };
  } finally {
    clearTimeout(timer);
  }
}

/** The request: a CloudEvent in structured mode, signed with each secret that is good now. */
async function prepareRequest(
  { secret, former, links }: WebhookSettings,
  { event, position }: LogEntry,
  now: number,
): Promise<RequestInit> {
  // Several are under way at once: by the standard's own extension a receiver puts them in order. Both attributes are the server's own
  // words, so what a sender said under their names is not passed on: people open the link.
  const body = JSON.stringify({ ...event, sequence: numberKey(position), nrvlink: linkTo(event, links) });
  const secrets = former && former.until > now ? [secret, former.secret] : [secret];
  const [id, timestamp] = [await nameMessage(event), Math.floor(now / 1000)];
  return {
    method: "POST",
    // Where a receiver redirects to was judged by nobody.
    redirect: "manual",
    headers: {
      "content-type": "application/cloudevents+json; charset=utf-8",
      "user-agent": "nerveflare",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": await signWebhook(secrets, { id, timestamp, body }),
    },
    body,
  };
}

/** The request as A2A has it, with the id by which a repeat is known. Undefined: the event says nothing of the task; a text: why the task can't be told. */
async function preparePush(
  { push, filter }: WebhookSettings,
  entry: LogEntry,
  ports: DeliveryPorts,
): Promise<RequestInit | string | undefined> {
  let body: string | undefined;
  try {
    body = filter.thread === undefined ? undefined : await ports.tellTask(filter.thread, entry);
  } catch (error) {
    return `the task cannot be read: ${String(error)}`.slice(0, webhookLimits.error);
  }
  if (body === undefined || push === undefined) return undefined;
  const { token, scheme, credentials } = push;
  return {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": "application/a2a+json",
      "user-agent": "nerveflare",
      "webhook-id": await nameMessage(entry.event),
      ...(token !== "" && { "X-A2A-Notification-Token": token }),
      ...(scheme !== "" && { authorization: `${scheme} ${credentials}` }),
    },
    body,
  };
}

async function readAnswer(url: string, response: Response, now: number): Promise<Attempt> {
  const { status, headers } = response;
  // Nothing of it is kept: it may be anything, and of any length.
  await response.body?.cancel().catch(() => {});
  if (status >= 200 && status < 300) return { ok: true };
  const unreached = headers.get(unreachedHeader);
  if (unreached !== null) return { ok: false, error: describeFailure(url, new Error(decodeURIComponent(unreached))) };
  if (status >= 300 && status < 400) return { ok: false, error: `answered ${status}: redirects are not followed` };
  if (status === 410) return { ok: false, error: "answered 410", gone: true };
  const error = `answered ${status}`;
  const pause = status === 429 || status === 503 ? readRetryAfter(headers.get("retry-after"), now) : undefined;
  return { ok: false, error, ...(pause !== undefined && { retryAfter: pause }) };
}

/** Seconds, or a date of HTTP's. @returns milliseconds from now on */
function readRetryAfter(text: string | null, now: number): number | undefined {
  const wait = /^\d+$/.test(text ?? "") ? Number(text) * 1000 : Date.parse(text ?? "") - now;
  return wait > 0 ? Math.min(wait, webhookLimits.retryAfter) : undefined;
}

/** Whoever may only read sees it, so it has no more of the address than its origin. */
function describeFailure(url: string, error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
  if (name === "TimeoutError") return `no answer within ${webhookLimits.answer / 1000} seconds`;
  return `cannot be reached: ${message.replaceAll(url, cutToOrigin(url))}`.slice(0, webhookLimits.error);
}
