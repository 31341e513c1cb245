/** A workflow's types as a module: names, comments, and what of a workflow it says. */
import { expect, test } from "vitest";
import { compileWorkflow } from "../../../../src/compile/compile-workflow.ts";
import type { WorkflowIr } from "../../../../src/compile/ir.ts";
import { fingerprintTypes } from "../../../../src/compile/types/fingerprint-types.ts";
import { toConstantName, toPascalCase, writeComment, writeKey, writeText } from "../../../../src/compile/types/names.ts";
import { renderTypes } from "../../../../src/compile/types/render-types.ts";

test.each([
  ["code-review", "CodeReview", "codeReview"],
  ["x", "X", "x"],
  ["3d-print", "3dPrint", "workflow3dPrint"],
  ["delete", "Delete", "deleteWorkflow"],
  ["órgão 2", "Órgão2", "órgão2"],
  ["レビュー", "レビュー", "レビュー"],
  ["snake_case", "SnakeCase", "snakeCase"],
  ["-🎉-", "", "workflow"],
])("[TYPES3] %s gives the names %s and %s", (name, pascal, constant) => {
  expect([toPascalCase(name), toConstantName(name)]).toEqual([pascal, constant]);
});

test("[TYPES3] no text ends the literal, the name or the comment that it stands in, or turns the order of what is read", () => {
  const text = 'a */ "b"\\ `d`\u2028e\u202ef\u0000g\r\nh\ud800';
  expect(JSON.parse(writeText(text))).toBe(text);
  expect(writeKey("a b")).toBe('"a b"');
  for (const written of [writeText(text), writeKey(text), writeComment(text, "")])
    for (const character of ["\u0000", "\u2028", "\u202e", "\ud800", "\r"]) expect(written).not.toContain(character);
  expect(writeComment(text, "  ").match(/\*\//g)).toHaveLength(1);
  expect(writeComment(" \n ", "")).toBe("");
});

function compile(text: string): WorkflowIr {
  const { compiled, diagnostics } = compileWorkflow(text);
  if (!compiled) throw new Error(JSON.stringify(diagnostics));
  return compiled.ir;
}

const render = (text: string): string => renderTypes(compile(text), { from: "pkg", command: "nerveflare types x" });

const review = (
  fields: { schema?: string; prompt?: string; more?: string; comment?: string; node?: string } = {},
): string => `${fields.comment ?? ""}
name: review
description: A review.
binding: cloud
${fields.more ?? ""}
roles:
  reviewer:
    goal: Review.
    frontmatter: ${fields.schema ?? "{ type: object, properties: { $status: { enum: [yes it is, no] }, why: { type: string } }, required: [$status] }"}
graph:
  $START: { new: { role: reviewer, prompt: ${fields.prompt ?? "Review it."} } }
  reviewer: ${fields.node ?? '{ "yes it is": { role: $END, prompt: Done. }, "no": { role: $END, prompt: Done. } }'}
`;

test("[TYPES4] a module says of each role its answers, statuses and turn, and of the thread what starts it, what signals it and what it sends", () => {
  const text = render(
    review({
      more:
        "input: { type: object, properties: { pr: { type: integer } }, required: [pr] }\n" +
        "reflexes:\n  - { kind: workflow, on: [pr.opened, 'pr.re.*'], key: data.pr }\n  - { kind: signal, on: [pr.closed], key: data.pr, signal: cancel }\n" +
        "  - { kind: emit, on: [a.b], emit: [{ kind: c.d, data: { text: '{{ agent }}', n: 1 } }, { kind: c.d }] }",
    }),
  );
  expect(text).toMatch(/^\/\/ Made by `nerveflare types`: `nerveflare types x`\n/);
  expect(text).toContain('from "pkg";');
  expect(text).toContain('export type ReviewerStatus = "yes it is" | "no";');
  expect(text).toContain('export type ReviewerTurn = TypedTurn<"review", "reviewer", StartData, LastStep>;');
  expect(text).toMatch(/export interface Starts \{\s+"pr\.opened": StartData;\s+\[kind: `pr\.re\.\$\{string\}`\]: StartData;\s+\}/);
  expect(text).toContain('export interface Signals {\n  "pr.closed": Json;\n}');
  expect(text).toMatch(/"c\.d":\s+\| null\s+\| \{\s+text: string;\s+n: 1;\s+\};/);
  expect(text).toContain("export const review: TypedWorkflow<Review> = {");
  expect(render(review())).toBe(render(review()));
});

test("[TYPES4] only what the module uses is imported, whatever its texts say", () => {
  const text = render(review({ more: "input: { type: object, title: Json, properties: { Suspension: { const: BroadcastOutcome } } }" }));
  expect(text).toMatch(/^import type \{ Suspension, TypedStep, TypedTurn, TypedWorkflow \} from "pkg";$/m);
});

test("[TYPES4] where the schema leaves the statuses to the graph, they are those of the role's edges", () => {
  const open = render(review({ schema: "true" }));
  expect(open).toContain('export type ReviewerStatus = "yes it is" | "no";');
  expect(open).toMatch(/ReviewerOutput = \{\s+\$status: "yes it is" \| "no";\s+\[field: string\]: unknown;/);
  const none = render(review({ schema: "false", node: "{ _: { role: $END, prompt: Done. } }" }));
  expect(none).toContain("export type ReviewerOutput = never;");
  const whatever = render(review({ schema: "true", node: "{ _: { role: $END, prompt: Done. } }" }));
  expect(whatever).toMatch(/ReviewerOutput = \{\s+\[field: string\]: unknown;/);
});

test.each<[what: string, change: Parameters<typeof review>[0], changes: boolean]>([
  ["a comment", { comment: "# news" }, false],
  ["a prompt", { prompt: "Look at it." }, false],
  [
    "a description, a bound and an order",
    {
      schema:
        "{ required: [$status], properties: { why: { type: string, maxLength: 9, description: Why. }, $status: { enum: [no, yes it is] } }, type: object, title: T }",
    },
    false,
  ],
  ["a reflex", { more: "reflexes: [{ kind: workflow, on: [a.b] }]" }, false],
  [
    "a field that must be there",
    { schema: "{ type: object, properties: { $status: { enum: [yes it is, no] }, why: { type: string } }, required: [$status, why] }" },
    true,
  ],
  [
    "a field's type",
    { schema: "{ type: object, properties: { $status: { enum: [yes it is, no] }, why: { type: number } }, required: [$status] }" },
    true,
  ],
  ["a status", { schema: "{ properties: { $status: { const: no } } }", node: '{ "no": { role: $END, prompt: Done. } }' }, true],
])("[TYPES5] a fingerprint changes with what types depend on, and not with %s", (_, change, changes) => {
  const [before, after] = [review(), review(change)].map((text) => fingerprintTypes(compile(text)));
  expect(JSON.stringify(before) !== JSON.stringify(after)).toBe(changes);
});

test("[TYPES5] statuses that the graph alone says change it too, and so does the data that starts a thread", () => {
  const [one, other, input] = [
    review({ schema: "true" }),
    review({ schema: "true", node: '{ "no": { role: $END, prompt: Done. } }' }),
    review({ schema: "true", more: "input: { type: object, required: [pr] }" }),
  ].map((text) => fingerprintTypes(compile(text)));
  expect(one?.roles["reviewer"]).not.toBe(other?.roles["reviewer"]);
  expect(one?.roles).toEqual(input?.roles);
  expect(one?.input).not.toBe(input?.input);
});
