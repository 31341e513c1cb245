/**
 * Posts a webhook for the Worker of this machine. A name is judged by the very address that is then connected to, so that none leads into
 * a private network, whatever it was when somebody looked before. Follows no redirect.
 */
import { lookup } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { isPrivateAddress, judgeWebhookAddress } from "../contract/webhook-address.ts";

const limits = {
  /** Milliseconds that a receiver may take: a little more than the Worker waits, which tells why. */
  answer: 20_000,
} as const;

/** What a receiver answered: nothing else of it is asked for. */
export interface WebhookAnswer {
  status: number;
  headers: { [name: string]: string };
}

/**
 * @param allowsPrivate whether the operator lets webhooks go into private networks
 * @throws when it is not to be reached
 */
export function sendWebhook(
  { url, headers, body }: { url: string; headers: { [name: string]: string }; body: string },
  allowsPrivate: boolean,
): Promise<WebhookAnswer> {
  const judged = judgeWebhookAddress(url, allowsPrivate);
  if (!judged.ok) return Promise.reject(new Error(judged.error));
  const { promise, resolve, reject } = Promise.withResolvers<WebhookAnswer>();
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  const sent = send(
    judged.url,
    {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      // A connection that was judged once is not kept for another name.
      agent: false,
      signal: AbortSignal.timeout(limits.answer),
      ...(!allowsPrivate && { lookup: lookUpPublic }),
    },
    (response) => {
      const retryAfter = response.headers["retry-after"];
      resolve({ status: response.statusCode ?? 502, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } });
      response.destroy();
    },
  );
  sent.on("error", reject).end(body);
  return promise;
}

/** As `dns.lookup`, and fails where any of a name's addresses is not public. */
export const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const inside = error ? undefined : found.find(({ address }) => isPrivateAddress(address));
    const [first] = found ?? [];
    if (error) callback(error, "", 0);
    else if (inside || !first) callback(new Error(`${hostname} is ${inside?.address ?? "nowhere"}, which is in a private network`), "", 0);
    else if (options.all) callback(null, found);
    else callback(null, first.address, first.family);
  });
};
