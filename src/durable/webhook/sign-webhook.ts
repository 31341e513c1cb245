/** Signatures as Standard Webhooks has them, by Web Crypto: https://www.standardwebhooks.com. */

/** How a secret begins; Base64 follows. */
const prefix = "whsec_";
const encoder = new TextEncoder();

/**
 * The value of `webhook-signature`: one signature for each secret, so that a receiver may have either while they are exchanged.
 * @param timestamp seconds since 1970
 */
export async function signWebhook(
  secrets: readonly string[],
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): Promise<string> {
  const content = encoder.encode(`${id}.${timestamp}.${body}`);
  const signatures = secrets.map(async (secret) => {
    const bytes = Uint8Array.from(atob(secret.slice(prefix.length)), (letter) => letter.charCodeAt(0));
    const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return `v1,${toBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, content)))}`;
  });
  return (await Promise.all(signatures)).join(" ");
}

/** The id by which a receiver knows what it was sent before: the same whenever the event is sent. */
export async function nameMessage({ source, id }: { source: string; id: string }): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(`${source}\n${id}`)));
  return `msg_${Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
