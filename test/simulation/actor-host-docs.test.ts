/** docs/actor-host.md says what the code does: its example runs. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { logics } from "../host/example/order-logics.ts";
import { createCluster } from "./cluster.ts";

const docs = readFileSync("docs/actor-host.md", "utf8");

test("[DOCS3] the example in the docs is the one that is tested", () => {
  for (const file of ["order-logics.ts", "order-object.ts"])
    expect(docs).toContain(readFileSync(`test/host/example/${file}`, "utf8").trim());
});

test("[DOCS3] the example runs: paid, shipped over an eviction, delivered", async () => {
  const cluster = createCluster(logics);
  const host = () => cluster.host("actor/o1");
  await host().start({ actor: "o1", logic: "order", input: { customer: "ada" } });
  await host().send("o1", { type: "pay" });
  await cluster.settle();
  const [parcel] = (await host().read("o1"))?.children ?? [];
  for (const address of cluster.addresses()) cluster.evict(address);
  await cluster.advance(60_000);
  await cluster.host(parcel?.address ?? "").send(parcel?.address.slice("actor/".length) ?? "", { type: "arrived" });
  await cluster.settle();
  expect(await host().read("o1")).toMatchObject({ status: "done", value: "closed", context: { receipt: { charged: "ada" } } });
  expect(cluster.store("actor/o1").exec("SELECT id FROM booked")).toHaveLength(1);
});
