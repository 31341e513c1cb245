import { expect, test } from "vitest";
import { describeBecause } from "../../../src/cli/lib/describe-because.ts";

test.each([
  [{ form: "status", status: "approved" }, "status approved"],
  [{ form: "list", tried: [] }, "no condition"],
  [{ form: "list", tried: [{ condition: "rejected", expression: "x", saw: false }] }, "rejected is false"],
  [{ form: "moderator", saw: { role: "host" } }, 'the moderator said {"role":"host"}'],
])("[CLI12] the decision's reason %j is shown as %s", (because, told) => expect(describeBecause(JSON.stringify(because))).toBe(told));

test("[CLI12] a reason that is no JSON is shown as it is", () => expect(describeBecause("otherwise")).toBe("otherwise"));
