/** [MSG4] Every object's own door: what is no envelope is refused with the place, before anything looks into it. */
import { expect, test } from "vitest";
import { takeEnvelope } from "../../../../src/durable/host/take-envelope.ts";
import type { Delivery, Envelope } from "../../../../src/durable/protocol/envelope.ts";

const good = { from: "agent/a", id: 1, to: "task/t", message: { type: "of.tomorrow", facts: { any: [1] } } };
const stored = async (): Promise<Delivery> => ({ status: "stored" });

test.each([
  ["from", { ...good, from: 1 }],
  ["id", { ...good, id: "1" }],
  ["to", { ...good, to: undefined }],
  ["phase", { ...good, phase: "holt" }],
  ["park", { ...good, park: "yes" }],
  ["message", { ...good, message: null }],
  ["message", { ...good, message: [] }],
  ["message.type", { ...good, message: {} }],
  ["message.type", { ...good, message: { type: 5 } }],
])("[MSG4] a wrong %s is refused as malformed", async (place, envelope) => {
  const answer = await takeEnvelope(envelope as Envelope, () => Promise.reject(new Error("looked into")));
  expect(answer).toMatchObject({ status: "refused", code: "malformed", detail: expect.stringContaining(`envelope's ${place}:`) });
});

test("[MSG4] one with members that this version does not know is taken", async () => {
  expect(await takeEnvelope({ ...good, later: 1 } as Envelope, stored)).toEqual({ status: "stored" });
});
