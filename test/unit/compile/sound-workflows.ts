/** Sound workflows that tests change in one place. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { boundedWorkflows } from "./bounded-workflows.ts";

const folder = join(import.meta.dirname, "../../../workflows");
const read = (name: string): string => readFileSync(join(folder, `${name}.yaml`), "utf8");

/** Statuses, a panel, children, reflexes of each kind. */
const hiring = `name: hiring
description: A panel says whether to hire.
binding: cloud
max_rounds: 20
input:
  type: object
  required: [id, name]
  properties:
    id: { type: string }
    name: { type: string }
    urgent: { type: boolean }
    level: { enum: [junior, senior] }
    age: { type: integer }
reflexes:
  - { kind: workflow, on: [candidate.applied], when: "$not(data.urgent = true)", key: data.id, priority: "data.urgent ? 10 : 0" }
  - { kind: signal, on: [candidate.withdrew], key: data.id, signal: cancel }
  - { kind: emit, on: [nerve.thread.suspended], when: "data.reason = 'x' and $exists(subject)", emit: [{ kind: pager.page, data: { text: "{{ data.reason }} of {{ data.workflow }}" } }] }
  - { kind: emit, on: [candidate.hired], when: "data.name = 'x'", emit: [{ kind: pager.cheer, data: "{ 'who': data.name }" }] }
roles:
  sorter:
    capabilities: [sorting]
    goal: Sorts.
    eligibility: { where: "load < 3 and capacity.slots > 1 and 'sorting' in capabilities" }
    recruitment: { pick: best, score: "stats.success * 10 - agent.load + stats.overall.idle" }
    frontmatter:
      oneOf:
        - properties: { $status: { const: fit }, score: { type: integer }, grade: { enum: [a, b, c] }, why: { type: string }, parts: { properties: { title: { type: string } } }, skills: { type: array, items: { enum: [code, talk] } } }
          required: [$status, score, grade, skills]
        - properties: { $status: { const: unfit }, fault: { type: string }, final: { type: boolean } }
          required: [$status, fault]
  panel:
    type: broadcast
    capabilities: [hiring]
    goal: Says whether to hire.
    broadcast: { of: 3, ack: { need: 2, ok: "vote = 'yes' or vote = 'no'" } }
    frontmatter: { properties: { vote: { enum: [yes, no] }, note: { type: string }, marks: { type: array, items: { type: object, properties: { topic: { type: string }, mark: { type: number } }, required: [topic, mark] } } }, required: [vote, marks] }
  clerk:
    type: named
    agent: { from: event.agent }
    goal: Writes.
    frontmatter: { properties: { $status: { const: written }, letter: { type: string }, pages: { type: integer } }, required: [$status, letter, pages] }
graph:
  $START: { new: { role: sorter, prompt: "Look at {{ data.name }}, {{ data.age | plus: 1 }}." } }
  sorter:
    fit:
      role: panel
      prompt: "Grade {{ grade | upcase }} {% if grade == 'a' %}!{% endif %} {{ skills | join: ', ' }} {{ score | times: 2 }}"
      spawn: [{ workflow: check-references, input: "{ 'id': $event.data.id, 'good': steps[-1].output.grade = 'a', 'many': $count(steps[-1].output.skills) > 1 }", await: { timeout: 1h } }]
    unfit: { role: clerk, prompt: "Refuse: {{ fault | truncate: 20 }}", emit: [{ kind: candidate.refused, data: "{ 'why': $uppercase(steps[-1].output.fault) }" }] }
    $FAILED: { role: $END, prompt: "Failed." }
  panel:
    $ACKED: { role: clerk, prompt: "{% for each in answers %}{{ each.agent }}: {{ each.output.vote }} {% for m in each.output.marks %}{{ m.topic }} {{ m.mark }}{% endfor %}{% endfor %} {{ _last.sorter.grade }}" }
    $PARTIAL: { role: $END, prompt: "{{ missing | join: ', ' }}" }
    $UNFILLED: { role: $END, prompt: "Nobody." }
  clerk:
    written: { role: $END, prompt: "{{ letter }}, {{ pages }} pages. {{ _children | size }}", emit: [{ kind: candidate.hired, data: { name: "{{ _event.data.name }}", letter: "{{ letter }}" } }] }
`;

/** Conditions, where earlier ones tell of later ones. */
const listed = `name: exchange
description: Two sides speak, and a judge listens.
binding: cloud
max_rounds: 12
roles:
  judge:
    type: named
    agent: judge-1
    goal: Judges.
    frontmatter:
      type: object
      required: [verdict, points, calm]
      properties:
        verdict: { enum: [left, right, open] }
        points: { type: integer }
        calm: { type: boolean }
        words: { type: string }
        list: { type: array, items: { type: string } }
        other: { type: object, required: [name], properties: { name: { type: string } } }
  side:
    type: named
    agent: side-1
    goal: Speaks.
    frontmatter: { type: object, required: [speech], properties: { speech: { type: string }, verdict: { enum: [left, right] }, length: { type: integer } } }
conditions:
  isLeft: { description: x, expression: "steps[-1].output.verdict = 'left'" }
  isRight: { description: x, expression: "steps[-1].output.verdict = 'right' and steps[-1].output.points > 3" }
  isLong: { description: x, expression: "$exists(steps[-1].output.words) and $length(steps[-1].output.words) > 100" }
  agrees: { description: x, expression: "$last('judge').verdict = $last('side').verdict" }
  isCalm: { description: x, expression: "$last('judge').calm or $last('judge').points + 1 < 9" }
graph:
  $START: [{ role: side, prompt: Speak. }]
  side: [{ role: judge, prompt: Judge. }]
  judge:
    - { role: $END, condition: isLeft, prompt: Left. }
    - { role: $END, condition: isRight, prompt: Right. }
    - { role: $END, condition: isLong, prompt: Long. }
    - { role: $END, condition: agrees, prompt: Agreed. }
    - { role: $END, condition: isCalm, prompt: Calm. }
    - { role: side, prompt: Again., emit: [{ kind: judged.again, data: "{ 'of': $last('side').speech, 'points': $sum([$last('judge').points, 1]) }" }] }
`;

export const soundWorkflows = {
  hiring,
  listed,
  ...boundedWorkflows,
  "code-review": read("code-review"),
  debate: read("debate"),
  "triage-pool": read("triage-pool"),
  "announce-setup": read("announce-setup"),
} as const;
export type SoundWorkflow = keyof typeof soundWorkflows;
