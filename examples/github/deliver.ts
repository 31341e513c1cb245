/**
 * Posts a recorded payload as GitHub would: signed, with the kind that the file's name begins with.
 *
 *     HOOK_SECRET=… npx node examples/github/deliver.ts examples/github/fixtures/pull_request.opened.json
 *
 * HOOK_URL is where the hook is, if not on this machine at port 8787; `--delivery` is the id of a delivery that is sent again.
 */
import { createHmac, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";

/** What GitHub sends beside a body. */
export function signDelivery(secret: string, event: string, delivery: string, body: string | Uint8Array): Record<string, string> {
  return {
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/0000000",
    "x-github-event": event,
    "x-github-delivery": delivery,
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { delivery: { type: "string" } } });
  const { HOOK_SECRET: secret, HOOK_URL: url = "http://127.0.0.1:8787/v1/hooks/github" } = process.env;
  const [file] = positionals;
  if (!secret || !file) {
    console.error("Set HOOK_SECRET to what `nerveflare hooks add` printed, and name a file of examples/github/fixtures.");
    process.exit(2);
  }
  const body = await readFile(file);
  const [event = ""] = basename(file).split(".");
  const delivery = values.delivery ?? randomUUID();
  const response = await fetch(url, { method: "POST", headers: signDelivery(secret, event, delivery, body), body });
  console.log(response.status, await response.text());
  if (!response.ok) process.exitCode = 1;
}

if (import.meta.main) await main();
