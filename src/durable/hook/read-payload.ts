/** What a delivery says, once it is known who sent it: its id, and what a map sees of it. Knows no signature. */
import { idPattern, type Json } from "../../contract/event.ts";
import { exceedsDepth } from "../../contract/exceeds-depth.ts";
import type { HookSender } from "../../contract/hook-senders.ts";
import { limits } from "../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import { readJsonText } from "../../contract/read-json.ts";
import { hookLimits } from "./hook-limits.ts";
import type { Delivery } from "./verify-signature.ts";

/** What a map is evaluated over. */
export type Payload = { [name in "event" | "body" | "headers" | "delivery"]: Json };

/** Headers by which somebody proves who they are: no map needs them, and events are read by many. */
const proofs = /signature|authorization|cookie|secret|token/;

/**
 * What a map sees.
 * @returns refused as `malformed`, with what the sender is to change
 */
export function readPayload(from: HookSender, { headers, body }: Delivery): Result<Payload> {
  const read = readBody(from, headers["content-type"] ?? "", body);
  if (!read.ok) return read;
  const { value } = read;
  const own = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  const delivery = findDelivery(from, headers, own);
  if (delivery === undefined)
    return refuse(
      "malformed",
      `The delivery has no id: ${ids[from]} names each, with 1 to ${hookLimits.deliveryLength} of A-Z a-z 0-9 . _ : -.`,
    );
  const seen = Object.entries(headers).filter(([name, text]) => !proofs.test(name) && text.length <= hookLimits.headerLength);
  const event = from === "github" ? headers["x-github-event"] : own["type"];
  return succeed({ event: event ?? null, body: value, headers: Object.fromEntries(seen.slice(0, hookLimits.headers)), delivery });
}

/** Where each sender says a delivery's id. */
const ids: Readonly<Record<HookSender, string>> = {
  github: "the header X-GitHub-Delivery",
  standard: "the header webhook-id",
  stripe: "the body's `id`",
};

function findDelivery(from: HookSender, headers: Delivery["headers"], body: { [name: string]: Json }): string | undefined {
  const found = from === "github" ? headers["x-github-delivery"] : from === "standard" ? headers["webhook-id"] : body["id"];
  return typeof found === "string" && found.length <= hookLimits.deliveryLength && idPattern.test(found) ? found : undefined;
}

/** The JSON of a body; GitHub sends it in a form as well. */
function readBody(from: HookSender, contentType: string, body: Uint8Array): Result<Json> {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const isForm = from === "github" && type === "application/x-www-form-urlencoded";
  if (!isForm && type !== "application/json" && !/^application\/[a-z0-9.+-]+\+json$/.test(type))
    return refuse(
      "malformed",
      `The body is ${type === "" ? "of no content type" : `of the content type ${type.slice(0, 100)}`}: send application/json${from === "github" ? ", or GitHub's form with `payload`" : ""}.`,
    );
  if (body.byteLength === 0) return refuse("malformed", "The body is empty: send JSON.");
  let text: string | null;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
  } catch {
    return refuse("malformed", "The body is not UTF-8.");
  }
  if (isForm) text = new URLSearchParams(text).get("payload");
  if (text === null) return refuse("malformed", "The form has no field `payload`.");
  try {
    const value = readJsonText(text) as Json;
    if (exceedsDepth(value, limits.dataDepth * 2)) return refuse("malformed", `The body nests deeper than ${limits.dataDepth * 2} levels.`);
    return succeed(value);
  } catch (error) {
    return refuse("malformed", `The body is not JSON: ${(error as Error).message}`.slice(0, hookLimits.detail));
  }
}
