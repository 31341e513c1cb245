/** Which admin token a Worker gets. */
import { expect, test } from "vitest";
import { settleAdminToken, type TokenFacts } from "../../../src/deploy/settle-admin-token.ts";

const none: TokenFacts = {
  ...{ given: undefined, kept: undefined, pending: undefined, deployed: false, rotate: false, ask: undefined, make: false },
};
const settle = (facts: Partial<TokenFacts>) => settleAdminToken({ ...none, ...facts });
const [given, kept, pending] = ["given-by-somebody", "kept-in-the-profile", "pending-since-then"];

test.for<[string, Partial<TokenFacts>, string | undefined, boolean]>([
  ["none there, one given", { given, kept }, given, true],
  ["none there, one pending", { pending, kept }, pending, true],
  ["none there, one kept of a Worker that was deleted", { kept }, kept, true],
  ["one there, one given", { deployed: true, given }, given, false],
  ["one there, one kept", { deployed: true, kept }, kept, false],
  ["one there, none known", { deployed: true }, undefined, false],
  ["one there that this deploy had set", { deployed: true, pending, kept }, pending, true],
  ["one there, another given than the pending one", { deployed: true, pending, given }, given, false],
  ["one there, to be replaced by what is given", { deployed: true, rotate: true, given, kept }, given, true],
  ["one there, a replacement that broke off", { deployed: true, rotate: true, pending, kept }, pending, true],
])("[DEPLOY8] %s", async ([, facts, token, set]) => {
  expect(await settle(facts)).toMatchObject({ token, set, made: false });
});

test("[DEPLOY8] one is asked for, or made; where nobody is to be asked and none may be made, that is said", async () => {
  await expect(settle({})).rejects.toMatchObject({ code: "admin_token_needed", hint: expect.stringContaining("--admin-token-file") });
  await expect(settle({ deployed: true, rotate: true, kept })).rejects.toMatchObject({ code: "admin_token_needed" });
  expect(await settle({ ask: async () => " typed-by-somebody " })).toMatchObject({ token: "typed-by-somebody", set: true, made: false });
  const [made, other] = [await settle({ make: true }), await settle({ ask: async () => "" })];
  expect(made).toMatchObject({ set: true, made: true });
  expect(made.token).toMatch(/^[\w-]{43}$/);
  expect(other.token).not.toBe(made.token);
});

test("[DEPLOY8] what is given and is no token is refused before anything is made", async () => {
  for (const bad of ["", "short", "two words of some length", "x".repeat(513), "with\nnewline-in-it-somewhere"])
    await expect(settle({ given: bad, deployed: true }), bad).rejects.toMatchObject({ code: "admin_token_unusable" });
});
