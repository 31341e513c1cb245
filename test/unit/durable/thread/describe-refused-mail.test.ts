import { expect, test } from "vitest";
import type { CloudEvent, Json } from "../../../../src/contract/event.ts";
import { createMail } from "../../../../src/durable/protocol/agent.ts";
import { describeRefusedMail } from "../../../../src/durable/thread/recruitment/describe-refused-mail.ts";

const event = (type: string, data: Json): CloudEvent => ({
  specversion: "1.0",
  id: "e",
  source: "/threads/t",
  type,
  time: "2026-11-20T12:00:00Z",
  data,
});
const seat = {
  thread: "t",
  workflow: "w",
  role: "reviewer",
  type: "open" as const,
  generation: 3,
  held: true,
  every: 30_000,
  silence: 90_000,
  grace: 60_000,
};

test("[MAIL17] a refused turn names the turn, its role and its lease, for whatever reason it was refused", () => {
  const data = { role: { name: "reviewer" }, lease: { generation: 2, expires: null } };
  const message = createMail({ channel: "my", event: event("nerve.turn.assigned", data), turn: "t.2.3:7" });
  expect(describeRefusedMail({ to: "agent/a", message, code: "mailbox_full", detail: "10000 events wait" })).toEqual({
    agent: "a",
    about: "turn.assigned",
    turn: 7,
    role: "reviewer",
    generation: 2,
    reason: "a cannot be reached: 10000 events wait",
  });
});

test("[MAIL17] an agent that is not there loses its role; one whose mailbox is full keeps it", () => {
  const message = createMail({ channel: "my", event: event("nerve.claim.accepted", {}), seat });
  expect(describeRefusedMail({ to: "agent/a", message, code: "not_found", detail: "" })).toMatchObject({
    agent: "a",
    role: "reviewer",
    generation: 3,
  });
  expect(describeRefusedMail({ to: "agent/a", message, code: "mailbox_full", detail: "" })).not.toHaveProperty("agent");
});

test("[MAIL17] an event that is no mail gives no facts", () => {
  expect(describeRefusedMail({ to: "workflow/w", message: { type: "thread.ended" }, code: "not_found", detail: "" })).toEqual({});
});
