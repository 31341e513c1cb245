/** An agent that is there, has slots free and does not answer what it is offered is shown as such: by explain, by status, by a metric. */
import { expect, test, vi } from "vitest";
import { ringActor } from "./actors.ts";
import { call, join, type Loose, later, publish } from "./stage.ts";

const workflow = `version: 1
binding: cloud
name: ignored
description: One job.
concurrency: 10
overflow: queue
reflexes:
  - { kind: workflow, on: [ignored.wanted] }
roles:
  worker:
    type: open
    description: Does it.
    goal: Do the job.
    capabilities: [ignoring]
    recruitment: { timeout: 30m }
    procedure: Do it.
    output: The job.
    frontmatter:
      oneOf:
        - { properties: { $status: { const: done } }, required: [$status] }
graph:
  $START:
    new: { role: worker, prompt: "Do it." }
  worker:
    done: { role: $END, prompt: "Done." }
`;

test("[SLOT5] from a minute on, until it answers", async () => {
  await publish("ignored", workflow);
  const boss = await join("ignored-boss", []);
  const deaf = await join("ignored-deaf", ["ignoring"]);
  await deaf.say("nerve.agent.report", { slots: 3 });
  const { threads } = await boss.say("ignored.wanted", {});
  const thread = threads[0] as string;
  const { data: offer } = await deaf.expect("nerve.offer.opened");
  const status = async () => (await call("GET", "/v1/status")).body.agents;
  const explain = async (): Promise<Loose> => {
    const { body } = await call("GET", `/v1/threads/${thread}/explain`);
    return body.unfilled[0].agents.find(({ agent }: Loose) => agent === deaf.id);
  };
  await vi.waitFor(async () =>
    expect(await explain()).toMatchObject({ code: "unanswered", why: "has seen the offer and does not answer" }),
  );
  expect(await status()).toMatchObject({ ignoring: 0 });
  const before = (await call("GET", "/v1/metrics")).body.ignoredOffers;

  await later(65_000, async () => {
    await deaf.get("/v1/me");
    await ringActor("agent", deaf.id);
    expect(await explain()).toMatchObject({
      code: "unanswered",
      why: expect.stringMatching(/^ignores the offer: it is online with 3 of 3 slots free/),
    });
  });
  await vi.waitFor(async () => expect(await status()).toMatchObject({ ignoring: 1 }));
  expect((await call("GET", "/v1/metrics")).body.ignoredOffers).toBe(before + 1);

  await deaf.say("nerve.offer.claim", { offer: offer.offer });
  await vi.waitFor(async () => expect(await status()).toMatchObject({ ignoring: 0 }));
});

test("[SLOT6] who declines has answered, and the offer is none of its open ones any more", async () => {
  await publish("ignored", workflow);
  const boss = await join("declined-boss", []);
  const picky = await join("declined-picky", ["ignoring"]);
  await boss.say("ignored.wanted", {});
  const { data: offer } = await picky.expect("nerve.offer.opened");
  await picky.say("nerve.offer.decline", { offer: offer.offer, reason: "too busy" });
  expect((await picky.get("/v1/me")).offers).toEqual([]);
});
