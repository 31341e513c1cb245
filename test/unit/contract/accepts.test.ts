/** [JUDGE42]–[JUDGE44] What agents say they accept is judged when it is said, on both sides of the wire. */
import { expect, test } from "vitest";
import { acceptSchemas } from "../../../src/client/accept-schemas.ts";
import { acceptedKinds } from "../../../src/contract/accepts.ts";
import { refusedSchemas } from "./json-schema/judge-suite.ts";

test.each(refusedSchemas)("[JUDGE42] a report with %j is malformed, and names the kind and the place", (schema, path, message) => {
  const parsed = acceptedKinds.safeParse({ "deploy.finished": true, "nerve.turn.assigned": schema });
  const [issue] = parsed.error?.issues ?? [];
  expect(issue).toMatchObject({ path: ["nerve.turn.assigned", ...(path ? [path] : [])], message: expect.stringMatching(message) });
});

test.each(refusedSchemas)("[JUDGE43] an agent that is to accept by %j hears of it before it connects", (schema, path, message) => {
  expect(() => acceptSchemas({ "deploy.finished": schema })).toThrow(TypeError);
  expect(() => acceptSchemas({ "deploy.finished": schema })).toThrow(message);
  expect(() => acceptSchemas({ "deploy.finished": schema })).toThrow(path || "its root");
});

test("[JUDGE44] what is in order is taken as it is, patterns that others would go back on too", () => {
  const kinds = {
    "a.b": { pattern: "^(a|a)*$" },
    "c.d": true,
    "e.f": { $defs: { n: { properties: { c: { $ref: "#/$defs/n" } } } }, $ref: "#/$defs/n" },
  };
  expect(acceptedKinds.parse(kinds)).toEqual(kinds);
  expect(acceptedKinds.parse(["a.b"])).toEqual({ "a.b": true });
  expect(Object.keys(acceptSchemas(kinds))).toEqual(Object.keys(kinds));
});
