/** The object of docs/actor-host.md, as it stands there, in workerd. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { OrderObject } from "./example/order-object.ts";

test("[DOCS3] the object in the docs takes an order from start to end", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2199, 0, 1) });
  const { ORDER } = env as unknown as { ORDER: DurableObjectNamespace };
  const at = (name: string) => ORDER.getByName(name) as unknown as Pick<OrderObject, "start" | "send" | "read">;
  expect(await at("o1").start("ada")).toMatchObject({ ok: true, view: { value: "open" } });
  expect(await at("o1").send({ type: "pay" })).toMatchObject({ ok: true });
  const parcel = await vi.waitFor(async () => {
    const [child] = (await at("o1").read())?.children ?? [];
    expect(child).toBeDefined();
    const name = String(child?.address.slice("actor/".length));
    expect(await at(name).read()).toMatchObject({ value: "packed" });
    return name;
  });
  vi.setSystemTime(Date.now() + 60_000);
  await runDurableObjectAlarm(ORDER.getByName(parcel));
  expect(await at(parcel).send({ type: "arrived" })).toMatchObject({ ok: true, view: { status: "done" } });
  await vi.waitFor(async () => expect(await at("o1").send({ type: "pay" })).toMatchObject({ code: "not_active" }));
});
