/** Signs as senders do, by Node's own HMAC; Standard Webhooks by its official package. */
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";

export type Headers = { [name: string]: string };

export const plainSecret = "a-secret-of-more-than-16-letters";
export const standardSecret = `whsec_${Buffer.from("a secret of thirty-two bytes, ok").toString("base64")}`;

const hex = (secret: string, text: string | Uint8Array): string => createHmac("sha256", secret).update(text).digest("hex");

export function signGithub(body: string | Uint8Array, { secret = plainSecret, event = "pull_request", delivery = "d-1" } = {}): Headers {
  return {
    "content-type": "application/json",
    ...{ "x-github-event": event, "x-github-delivery": delivery, "x-hub-signature-256": `sha256=${hex(secret, body)}` },
  };
}

/** @param at milliseconds since 1970 */
export function signStandard(body: string, at: number, { secret = standardSecret, id = "msg_1" } = {}): Headers {
  const signature = new Webhook(secret).sign(id, new Date(at), body);
  return {
    "content-type": "application/json",
    ...{ "webhook-id": id, "webhook-timestamp": String(Math.floor(at / 1000)), "webhook-signature": signature },
  };
}

/** @param at milliseconds since 1970 */
export function signStripe(body: string, at: number, { secret = plainSecret } = {}): Headers {
  const seconds = Math.floor(at / 1000);
  return {
    "content-type": "application/json; charset=utf-8",
    "stripe-signature": `t=${seconds},v0=00,v1=${hex(secret, `${seconds}.${body}`)}`,
  };
}
