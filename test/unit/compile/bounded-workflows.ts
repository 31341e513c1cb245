/** Sound workflows whose schemas bound their values: numbers, and lengths of text and lists. */

/** Bounded values in statuses and templates. */
const ranges = `name: ranges
description: Scores, in lists and in statuses.
binding: cloud
max_rounds: 12
input:
  type: object
  required: [id, size, tags]
  properties:
    id: { type: string, minLength: 4, maxLength: 8 }
    size: { type: integer, minimum: 1, maximum: 5 }
    tags: { type: array, minItems: 1, maxItems: 3, items: { type: string } }
    when: { type: string, format: date }
    kind: { enum: [bug, idea, null] }
    who: { type: object, required: [name], properties: { name: { type: string }, team: { type: string } } }
reflexes:
  - { kind: workflow, on: [paper.sent], when: "data.size > 2 and $length(data.id) > 5", key: [data.id, data.size], priority: "data.size" }
  - { kind: signal, on: [paper.gone], key: [data.id, data.size], signal: cancel }
  - { kind: signal, on: [paper.ok], key: [data.id, data.size], signal: resume }
roles:
  grader:
    type: open
    capabilities: [grading]
    goal: Grades.
    eligibility: { where: "load < 3 and 'grading' in capabilities", not: [helper] }
    recruitment: { pick: best, score: "stats.success - agent.load" }
    turn: { timeout: 10m, retries: 1, on_timeout: rerecruit }
    offline: { grace: 5m, then: rerecruit }
    frontmatter:
      oneOf:
        - properties: { $status: { const: graded }, score: { type: integer, minimum: 0, maximum: 10 }, share: { type: number, exclusiveMinimum: 0, exclusiveMaximum: 1 }, step: { type: integer, multipleOf: 5 }, code: { type: string, minLength: 2, maxLength: 3 }, notes: { type: array, maxItems: 4, items: { type: string } }, flag: { type: boolean } }
          required: [$status, score, share, step, code, notes, flag]
        - properties: { $status: { const: refused }, reason: { enum: [late, blank] }, detail: { type: string } }
          required: [$status, reason]
  helper:
    type: named
    agent: helper-1
    goal: Helps.
    frontmatter: { properties: { $status: { const: helped }, level: { type: integer, minimum: 1, maximum: 3 }, mood: { enum: [good, bad] } }, required: [$status, level] }
  crowd:
    type: broadcast
    capabilities: [voting]
    goal: Votes.
    recruitment: { pick: random }
    broadcast: { of: 5, ack: { need: 3, timeout: 1h, ok: "mark >= 1" }, ttl: 1d }
    frontmatter: { properties: { mark: { type: integer, minimum: 0, maximum: 6 }, side: { enum: [yes, no] } }, required: [mark, side] }
graph:
  $START:
    new: { role: grader, prompt: "Grade {{ data.id }} of {{ data.tags | join: ', ' }}{% if data.size > 3 %}, large{% endif %}." }
    resume: { role: grader, prompt: "Again: {{ _supplement }}" }
  grader:
    graded: { role: crowd, prompt: "{% if score >= 9 %}Great{% elsif score == 5 %}Fair{% else %}Poor{% endif %} {{ code }} {% unless flag %}unflagged{% endunless %} {{ notes | join: ', ' }}" }
    refused: { role: helper, prompt: "{% case reason %}{% when 'late' %}Late{% when 'blank' %}Blank{% endcase %} {{ detail }}" }
  helper:
    helped: { role: $END, prompt: "{% if mood == 'good' %}Good{% elsif mood == 'bad' %}Bad{% endif %} {{ level }} {% if _last.grader.reason == 'late' %}late{% endif %}", emit: [{ kind: paper.helped, to: "cap:grading", data: { level: "{{ level }}", by: "{{ _event.agent }}" } }] }
  crowd:
    $ACKED: { role: $END, prompt: "{% for a in answers %}{% if a.output.side == 'yes' %}{{ a.agent }}{% endif %} {% endfor %}", spawn: [{ workflow: archive, input: "{ 'id': $event.data.id, 'score': $last('grader').score, 'yes': $count(steps[-1].output.answers[output.side = 'yes']) >= 2 }" }] }
    $PARTIAL: { role: helper, prompt: "{{ missing | join: ', ' }} are missing; {{ failed | size }} failed." }
    $UNFILLED: { role: $SUSPEND, prompt: "Nobody there." }
`;
/** Conditions over bounded values, and a broadcast in a graph of conditions. */
const rounds = `name: rounds
description: Conditions over ranges.
binding: cloud
max_rounds: 12
roles:
  writer:
    type: named
    agent: { from: event.agent }
    goal: Writes.
    frontmatter: { type: object, required: [words, done], properties: { words: { type: integer, minimum: 0 }, done: { type: boolean }, title: { type: string, maxLength: 10 } } }
  critic:
    capabilities: [reading]
    goal: Reads.
    turn: { timeout: 10m, on_timeout: forfeit }
    frontmatter: { type: object, required: [score, verdict], properties: { score: { type: integer, minimum: 0, maximum: 10 }, verdict: { enum: [good, poor] }, faults: { type: array, items: { type: object, required: [line], properties: { line: { type: integer }, what: { type: string } } } } } }
  crowd:
    type: broadcast
    capabilities: [reading]
    goal: Votes.
    broadcast: { ack: { need: 2, timeout: 1h } }
    turn: { on_timeout: forfeit }
    frontmatter: { type: object, required: [vote], properties: { vote: { enum: [keep, drop] } } }
conditions:
  isGood: { description: x, expression: "steps[-1].output.score > 8" }
  isPoor: { description: x, expression: "steps[-1].output.verdict = 'poor' and steps[-1].output.score < 3" }
  hasFaults: { description: x, expression: "$count(steps[-1].output.faults[line > 3]) > 0" }
  timedOut: { description: x, expression: "steps[-1].output.\`$status\` = '$TIMEOUT'" }
  isKept: { description: x, expression: "$count(steps[-1].output.answers[output.vote = 'keep']) >= 2" }
  partial: { description: x, expression: "steps[-1].output.\`$status\` = '$PARTIAL'" }
  many: { description: x, expression: "$count(steps[role = 'critic']) > 3" }
  first: { description: x, expression: "$first('writer').words > $last('critic').score" }
graph:
  $START: [{ role: writer, prompt: Write. }]
  writer: [{ role: critic, condition: first, prompt: Read it. }, { role: critic, prompt: Read. }]
  critic:
    - { role: $END, condition: timedOut, prompt: Late. }
    - { role: crowd, condition: isGood, prompt: Vote. }
    - { role: writer, condition: isPoor, prompt: Again. }
    - { role: $END, condition: hasFaults, prompt: Faulty. }
    - { role: $END, condition: many, prompt: Enough. }
    - { role: writer, prompt: Go on., location: here }
  crowd:
    - { role: $END, condition: isKept, prompt: Kept. }
    - { role: $END, condition: partial, prompt: Partial. }
    - { role: writer, prompt: Again. }
`;

export const boundedWorkflows = { ranges, rounds } as const;
