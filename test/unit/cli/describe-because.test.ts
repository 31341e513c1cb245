import { expect, test } from "vitest";
import { describeBecause } from "../../../src/cli/lib/describe-because.ts";

test.each([
  [{ form: "status", status: "approved" }, "status approved"],
  [{ form: "list", tried: [] }, "no condition"],
  [{ form: "list", tried: [{ condition: "rejected", expression: "x", saw: false }] }, "rejected is false"],
  [{ form: "moderator", saw: { role: "host" } }, 'the moderator said {"role":"host"}'],
])("[CLI12] %j is told as %s", (because, told) => expect(describeBecause(JSON.stringify(because))).toBe(told));

test("[CLI12] what is no JSON is told as it is", () => expect(describeBecause("otherwise")).toBe("otherwise"));
