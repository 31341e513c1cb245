import { expect, test } from "vitest";
import type { TurnAssigned } from "../../../src/client/contract-types.ts";
import type { Json } from "../../../src/contract/event.ts";
import { readAnswer, readTurnId } from "../../../src/mcp/read-answer.ts";
import { describeMisfit, type Refusal, refuseAnswer } from "../../../src/mcp/refusals.ts";

const schema: Json = {
  type: "object",
  properties: { $status: { enum: ["approved", "rejected"] }, summary: { type: "string" }, n: { type: "integer" } },
  required: ["$status", "summary"],
  additionalProperties: false,
};
const turn = (of: Json = schema): Pick<TurnAssigned, "role"> => ({ role: { name: "reviewer", schema: of } });
const right = { $status: "approved", summary: "fine" };
const refusal = (given: { [name: string]: Json }, of?: Json) => {
  try {
    readAnswer(given, turn(of));
  } catch (error) {
    return (error as Refusal).problem;
  }
  throw new Error("it was taken");
};

test.each([
  ["as asked", { output: right }],
  ["as a text", { output: JSON.stringify(right) }],
  ["in a fence, with talk around it", { output: `Here it is:\n\`\`\`json\n${JSON.stringify(right)}\n\`\`\`\nI hope it helps.` }],
  ["beside the turn", right],
])("[STDIO3] an answer is taken where models put it: %s", (_, given) => {
  expect(readAnswer({ turn: "t1", ...given }, turn())).toEqual({ output: right, body: undefined });
  expect(readAnswer({ turn: "t1", ...given, body: "# Report" }, turn())).toEqual({ output: right, body: "# Report" });
});

test.each<[string, { [name: string]: Json }, string, RegExp]>([
  ["prose", { output: "I approve of it." }, "output_invalid", /^`output` is text: give the JSON object itself/],
  ["nothing", {}, "output_invalid", /^`output` is missing/],
  ["null", { output: null }, "output_invalid", /^`output` is missing/],
  ["a list", { output: [right] }, "output_invalid", /^`output` is an array/],
  ["a number", { output: 7 }, "output_invalid", /^`output` is a number/],
  ["a text under it that is none", { output: right, body: 7 }, "output_invalid", /^`body` is free text/],
  ["a field that is missing", { output: { $status: "approved" } }, "output_invalid", /summary[\s\S]*no try was spent/],
  ["a field of another sort", { output: { ...right, n: "7" } }, "output_invalid", /^`output\/n`: .*integer/],
  ["a field that is not known", { output: { ...right, sumary: "x" } }, "output_invalid", /sumary/],
  ["the engine's own status", { output: { $status: "$TIMEOUT", summary: "x" } }, "output_invalid", /^`output\/\$status`: \$TIMEOUT/],
  [
    "far too much",
    { output: { ...right, summary: "x".repeat(300_000) } },
    "too_large",
    /at most \d+ are taken: shorten it.*`nerveflare artifacts put FILE`/,
  ],
  ["far too deep", { output: JSON.parse(`${'{"a":'.repeat(80)}1${"}".repeat(80)}`) as Json }, "output_invalid", /nests deeper/],
])(
  "[STDIO3] an answer that would be refused is not sent, and costs no try; the refusal names one thing to change: %s",
  (_, given, code, says) => {
    expect(refusal({ turn: "t1", ...given })).toMatchObject({
      code,
      detail: expect.stringMatching(says),
      nrv: expect.stringMatching(/^NRV80/),
    });
  },
);

test("[STDIO3] a schema that can't be judged by is the server's to judge", () => {
  for (const odd of [null, true, { type: "no such type" }, { $ref: "#/$defs/missing" }] as Json[])
    expect(readAnswer({ output: right }, turn(odd)).output).toEqual(right);
});

test("[STDIO3] of many faults the first is told, with how many follow, and how many tries are left", () => {
  const errors = [
    { path: "/summary", message: "must be a string." },
    { path: "/n", message: "must be an integer" },
  ];
  expect(describeMisfit(errors)).toBe("`output/summary`: must be a string. (1 more of the kind may follow once it is mended.)");
  expect(refuseAnswer({ errors, left: 2 }).problem).toMatchObject({
    code: "output_invalid",
    left: 2,
    detail: expect.stringContaining("2 tries are left"),
  });
  expect(refuseAnswer({ errors: [], left: 1 }).problem.detail).toMatch(/one try is left/);
});

test("[STDIO3] a turn that is not named is asked for, with those that are open", () => {
  expect(readTurnId(" t1 ", ["t1"])).toBe("t1");
  expect(() => readTurnId(undefined, ["t1", "t2"])).toThrow("Open are t1, t2.");
  expect(() => readTurnId("", [])).toThrow("No turn is open: call `wait_for_turn`.");
});
