/** The plain types that agents are published with, against the schemas that they are made of. The compiler compares them, in `npm run check`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, expectTypeOf, test } from "vitest";
import { renderContractTypes } from "../../../scripts/render-contract-types.ts";
import type * as plain from "../../../src/client/contract-types.ts";
import type { Accepted } from "../../../src/contract/frames/server-frames.ts";
import type { Lease } from "../../../src/contract/kinds/lease.ts";
import type { OfferOpened } from "../../../src/contract/kinds/offer.ts";
import type { Outcome } from "../../../src/contract/kinds/thread.ts";
import type { Handover, Step, TurnAssigned } from "../../../src/contract/kinds/turn.ts";
import type { ReflexOutcome, Verdict } from "../../../src/contract/routing.ts";
import type { MeView } from "../../../src/contract/views/me.ts";

/** Whether each takes the other's values. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

test("[APKG2] the types that agents are published with say what the contract's schemas say, field by field, in plain TypeScript", () => {
  expectTypeOf<Same<plain.Accepted, Accepted>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.Lease, Lease>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.OfferOpened, OfferOpened>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.Outcome, Outcome>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.TurnAssigned, TurnAssigned>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.Handover, Handover>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.Step, Step>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.Verdict, Verdict>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.ReflexOutcome, ReflexOutcome>>().toEqualTypeOf<true>();
  expectTypeOf<Same<plain.MeView, MeView>>().toEqualTypeOf<true>();

  const written = readFileSync(join(import.meta.dirname, "../../../src/client/contract-types.ts"), "utf8");
  expect(written).toBe(renderContractTypes());
  expect(written).not.toMatch(/zod|infer|unknown/);
  expect(written).toContain("  /** What to do, rendered by the workflow. */\n  prompt: string;");
});
