/** Incoming hooks in the real runtime: from a signed delivery to an event in the log and a mailbox, over restarts. */
import { evictAllDurableObjects } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { listTables } from "./actors.ts";
import { call, join } from "./stage.ts";

async function sign(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return `sha256=${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

test("[HOOK27] a delivery becomes an event in the log that reaches whom it names, once, over an eviction of all objects", async () => {
  const reader = await join("hook-reader", []);
  const map = `{"kind": "ci.done", "data": {"n": body.n}, "to": "agents/hook-reader"}`;
  const made = await call("POST", "/v1/hooks", { body: { name: "ci", from: "github", kinds: ["ci.*"], map } });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const body = JSON.stringify({ n: 1 });
  const headers = {
    ...{ authorization: "", "x-github-event": "push", "x-github-delivery": "5d1c" },
    "x-hub-signature-256": await sign(made.body.secret, body),
  };
  const post = () => call("POST", "/v1/hooks/ci", { text: body, headers });
  const first = await post();
  expect(first, JSON.stringify(first.body)).toMatchObject({
    status: 202,
    body: { status: "accepted", events: [{ id: "5d1c", type: "ci.done" }] },
  });
  await evictAllDurableObjects();
  expect((await post()).body).toEqual(first.body);
  await vi.waitFor(async () => {
    const { events } = (await call("GET", "/v1/events?type=ci.done")).body;
    expect(events).toMatchObject([{ event: { id: "5d1c", source: "/hooks/ci", data: { n: 1 } } }]);
  });
  expect((await call("GET", "/v1/events/5d1c")).body).toMatchObject({ deliveries: [{ agent: "hook-reader" }] });
  expect((await reader.expect("ci.done")).id).toBe("5d1c");
  expect((await call("POST", "/v1/hooks/none", { text: body, headers })).status).toBe(401);
  expect((await call("DELETE", "/v1/hooks/ci")).status).toBe(204);
  expect(await listTables("hook", "ci")).toEqual([]);
  expect((await post()).status).toBe(401);
});
