/** That no place of the language takes an expression or a template without types for what it sees. */
import { describe, expect, test } from "vitest";
import { engineData } from "../../../src/compile/check/meaning.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { createEditorSchema, type EditorSchema } from "../../../src/compile/schema/create-editor-schema.ts";
import { engineKinds } from "../../../src/contract/kinds/engine-kinds.ts";

const answer = "frontmatter: { required: [$status, note], properties: { $status: { const: done }, note: { type: string } } }";

/** A workflow by statuses, with parts put in. */
const byStatus = (parts: { role?: string; crowd?: string; edge?: string; prompt?: string; reflex?: string } = {}): string => `name: a
description: b
binding: cloud
input: { required: [id], properties: { id: { type: string } } }
reflexes:
  - { kind: workflow, on: [task.posted], ${parts.reflex ?? "key: data.id"} }
  - { kind: emit, on: [task.posted], emit: [{ kind: task.seen, data: data }] }
roles:
  worker: { goal: x, ${answer}, ${parts.role ?? "capabilities: [x]"} }
  crowd: { type: broadcast, goal: x, capabilities: [x], frontmatter: { required: [note], properties: { note: { type: string } } }, ${parts.crowd ?? "bind: thread"} }
graph:
  $START: { new: { role: worker, prompt: Go. } }
  worker: { done: { role: crowd, prompt: "${parts.prompt ?? "Go."}", ${parts.edge ?? "emit: []"} } }
  crowd: { $ACKED: { role: $END, prompt: Done. } }
`;

/** The same by conditions. */
const byCondition = (parts: { condition?: string; edge?: string } = {}): string => `name: a
description: b
binding: cloud
max_rounds: 9
roles: { worker: { goal: x, ${answer} } }
conditions: { c: { description: x, expression: "${parts.condition ?? "steps[-1].output.note = 'x'"}" } }
graph:
  $START: [{ role: worker, prompt: Go. }]
  worker: [{ role: worker, condition: c }, { role: $END, ${parts.edge ?? "emit: []"} }]
`;

const moderated = (moderator: string): string => `name: a
description: b
binding: cloud
max_rounds: 9
roles: { worker: { goal: x, ${answer} } }
moderator: "${moderator}"
`;

/** By place: workflows with a field there that is misspelt; `as written`: nothing there is filled in. */
const places: Readonly<Record<string, readonly string[] | "as written">> = {
  "roles.*.agent.from": [byStatus({ role: "agent: { from: event.data.idd }" })],
  "roles.*.eligibility.where": [byStatus({ role: "capabilities: [x], eligibility: { where: laod < 3 }" })],
  "roles.*.recruitment.score": [byStatus({ role: "capabilities: [x], recruitment: { pick: best, score: stats.sucess }" })],
  "roles.*.broadcast.ack.ok": [byStatus({ crowd: "broadcast: { ack: { ok: \"nte = 'x'\" } }" })],
  "conditions.*.expression": [byCondition({ condition: "$last('worker').note = 'x' or steps[-1].output.nte = 'x'" })],
  "graph.*[].location": "as written",
  "graph.*[].emit[].data": [byCondition({ edge: 'emit: [{ kind: a.b, data: "steps[-1].output.nte" }]' })],
  "graph.*[].emit[].to": "as written",
  "graph.*[].spawn[].input": [byCondition({ edge: 'spawn: [{ workflow: b, input: "steps[-1].output.nte" }]' })],
  "graph.*.*.prompt": [
    byStatus({ prompt: "{{ nte }}" }),
    byStatus({ prompt: "{{ _last.worker.nte }}" }),
    byStatus({ prompt: "{{{ _event.tpye }}}" }),
  ],
  "graph.*.*.location": [byStatus({ edge: 'location: "/x/{{ nte }}"' }), byStatus({ edge: 'location: "/x/{{ _last.worker.nte }}"' })],
  "graph.*.*.emit[].data": [
    byStatus({ edge: 'emit: [{ kind: a.b, data: "steps[-1].output.nte" }]' }),
    byStatus({ edge: 'emit: [{ kind: a.b, data: { x: ["{{ _last.worker.nte }}"] } }]' }),
  ],
  "graph.*.*.emit[].to": [byStatus({ edge: 'emit: [{ kind: a.b, to: "agents/{{ _last.worker.nte }}" }]' })],
  "graph.*.*.spawn[].input": [
    byStatus({ edge: 'spawn: [{ workflow: b, input: "steps[-1].output.nte" }]' }),
    byStatus({ edge: 'spawn: [{ workflow: b, input: { x: "{{ nte }}" } }]' }),
  ],
  moderator: [moderated("{ 'role': $last('worker').nte = 'x' ? '__end__' : 'worker' }")],
  "reflexes[].when": [byStatus({ reflex: "when: data.idd = 'x'" })],
  "reflexes[].key": [byStatus({ reflex: "key: data.idd" })],
  "reflexes[].key[]": [byStatus({ reflex: "key: [data.idd, data.id]" })],
  "reflexes[].priority": [byStatus({ reflex: "priority: $length(data.idd)" })],
  "reflexes[].emit[].data": [
    byStatus().replace("data: data", "data: data.idd"),
    byStatus().replace("data: data", 'data: { x: "{{ data.idd }}" }'),
  ],
  "reflexes[].emit[].to": [byStatus().replace("data: data", 'to: "agents/{{ data.idd }}"')],
};

/** Every field that takes an expression, or text that is filled in. */
function listPlaces(schema: EditorSchema, path: string, above: readonly EditorSchema[]): string[] {
  if (above.includes(schema)) return [];
  const inner = [...above, schema];
  const isText =
    schema["title"] === "JSONata" || /templates|Liquid|spawns a child|Where to work|comma-separated/.test(schema.description ?? "");
  const below = (next: unknown, step: string): string[] =>
    typeof next === "object" && next !== null ? listPlaces(next as EditorSchema, path + step, inner) : [];
  return [
    ...(isText ? [path.slice(1)] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, next]) => below(next, `.${name}`)),
    ...below(schema.items, "[]"),
    ...below(schema.additionalProperties, ".*"),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((next) => below(next, "")),
  ];
}

describe("places of expressions and templates", () => {
  test("[MEAN14] are those that the language's shape has", () => {
    expect(Object.keys(places).sort()).toEqual([...new Set(listPlaces(createEditorSchema(), "", []))].sort());
    for (const text of [byStatus(), byCondition(), moderated("{ 'role': '__end__' }")]) expect(parseWorkflow(text).diagnostics).toEqual([]);
  });

  test("[MEAN14] the data of the orchestrator's kinds is what those say", () => {
    const own = Object.entries(engineKinds).filter(([kind]) => kind.startsWith("nerve.thread.") && kind !== "nerve.thread.spawned");
    expect(engineData).toEqual(Object.fromEntries(own.map(([kind, { data }]) => [kind, data])));
  });

  test.each(Object.entries(places))("[MEAN14] %s has types", (_, texts) => {
    for (const text of texts === "as written" ? [] : texts) {
      const found = parseWorkflow(text).diagnostics.map(({ span }) => text.slice(span.start, span.end));
      expect(found, text).toHaveLength(1);
      expect(found[0]).toMatch(/idd|laod|sucess|nte|tpye/);
    }
  });
});
