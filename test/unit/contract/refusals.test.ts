import { expect, test } from "vitest";
import { deadLetterCodes, deliveryRefusals } from "../../../src/contract/refusals.ts";
import { delivered } from "../../../src/contract/routing.ts";
import { deadLetterEntry } from "../../../src/contract/views/log.ts";
import type { DeadLetters } from "../../../src/durable/host/dead-letters.ts";
import type { Delivery } from "../../../src/durable/protocol/envelope.ts";

test("[API24] why a delivery was refused and an event is a dead letter are closed lists, and a code of another version still reads", () => {
  // @ts-expect-error not declared
  const refused: Extract<Delivery, { status: "refused" }> = { status: "refused", code: "no_such_code", detail: "" };
  // @ts-expect-error not declared
  const entry: Parameters<DeadLetters["add"]>[0] = { actor: "t1", event: {}, code: "no_such_code", error: "" };
  for (const code of [...Object.keys(deliveryRefusals), refused.code])
    expect(delivered.safeParse({ agent: "bob", status: "refused", code, detail: "" }).success).toBe(true);
  for (const code of [...Object.keys(deadLetterCodes), entry.code]) {
    const shown = { id: "t1:1", thread: "t1", actor: "t1", type: "x", code, error: "", at: "2026-01-01T00:00:00Z" };
    expect(deadLetterEntry.safeParse(shown).success).toBe(true);
  }
});
