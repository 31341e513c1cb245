/** Single edits of sound workflows that are faults of meaning, and what is said of each: code, place, what the fix writes. */
import type { SoundWorkflow } from "./sound-workflows.ts";

export type Edit = [of: SoundWorkflow, from: string, to: string, ...found: [code: string, at: string, fix?: string][]];

/** Fields that are not there. */
const fields: Edit[] = [
  ["debate", "output.conceded", "output.concede", ["NRV4017", "concede", "conceded"]],
  ["debate", "$last('host').summary", "$last('host').sumary", ["NRV4017", "sumary", "summary"]],
  ["debate", "steps[-1].output.conceded", "steps[-1].outptu.conceded", ["NRV4017", "outptu", "output"]],
  ["debate", "steps[role = 'for']", "steps[rol = 'for']", ["NRV4017", "rol", "role"]],
  ["hiring", "_last.sorter.grade", "_last.sorter.grad", ["NRV4017", "grad", "grade"]],
  ["hiring", "_last.sorter.grade", "_last.sorter.fault", ["NRV4017", "fault"]],
  ["hiring", "{{ each.agent }}", "{{ each.agnet }}", ["NRV4017", "agnet", "agent"]],
  ["hiring", "each.output.vote", "each.output.vot", ["NRV4017", "vot", "vote"]],
  ["hiring", "{{ m.topic }}", "{{ m.topics }}", ["NRV4017", "topics", "topic"]],
  ["hiring", "vote = 'yes' or", "vot = 'yes' or", ["NRV4017", "vot", "vote"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grad = 'a',", ["NRV4017", "grad", "grade"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.fault = 'a',", ["NRV4017", "fault"]],
  ["hiring", "$event.data.id", "$event.data.idd", ["NRV4017", "idd", "id"]],
  ["hiring", "'id': $event.data.id", "'id': $event.dta.id", ["NRV4017", "dta", "data"]],
  ["hiring", "data.urgent = true", "data.urgnet = true", ["NRV4017", "urgnet", "urgent"]],
  ["hiring", 'priority: "data.urgent', 'priority: "data.urgen', ["NRV4017", "urgen", "urgent"]],
  ["hiring", "load < 3", "laod < 3", ["NRV4017", "laod", "load"]],
  ["hiring", "capacity.slots", "capacity.slot", ["NRV4017", "slot", "slots"]],
  ["hiring", "stats.success", "stats.sucess", ["NRV4017", "sucess", "success"]],
  ["hiring", "agent.load", "agent.laod", ["NRV4017", "laod", "load"]],
  ["hiring", "overall.idle", "overall.idel", ["NRV4017", "idel", "idle"]],
  ["hiring", "data.reason = 'x'", "data.reasn = 'x'", ["NRV4017", "reasn", "reason"]],
  ["hiring", "{{ data.workflow }}", "{{ data.workflw }}", ["NRV4017", "workflw", "workflow"]],
  ["hiring", "when: \"data.name = 'x'\"", "when: \"data.nam = 'x'\"", ["NRV4017", "nam", "name"]],
  ["hiring", "{ 'who': data.name }", "{ 'who': data.leter }", ["NRV4017", "leter", "letter"]],
  ["hiring", "_event.data.name", "_event.data.nam", ["NRV4013", "_event.data.nam", "name"]],
  ["hiring", "Look at {{ data.name }}", "Look at {{ data.nme }}", ["NRV4013", "data.nme", "name"]],
  ["hiring", "Refuse: {{ fault |", "Refuse: {{ falt |", ["NRV4011", "falt", "fault"]],
  ["hiring", "Grade {{ grade | upcase }}", "Grade {{ parts.titel | upcase }}", ["NRV4011", "parts.titel", "title"]],
  ["listed", "$last('side').speech", "$last('side').speach", ["NRV4017", "speach", "speech"]],
  ["listed", "$last('side').speech", "$lookup($last('side'), 'speach')", ["NRV4017", "speach", "speech"]],
];

/** Values that are never there, and values of other types. */
const values: Edit[] = [
  ["debate", "'$TIMEOUT'", "'$TIMEOT'", ["NRV4018", "'$TIMEOT'", "$TIMEOUT"]],
  ["debate", "conceded = true", "conceded = 'true'", ["NRV4018", "'true'", "true"]],
  ["debate", "role = 'for'", "role = 'agianst'", ["NRV3025", "agianst", "against"]],
  ["hiring", "vote = 'no'", "vote = 'on'", ["NRV4018", "'on'"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grade = 'd',", ["NRV4018", "'d'"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grade in ['a', 'd'],", ["NRV4018", "'d'"]],
  ["hiring", "steps[-1].output.grade = 'a',", "'coed' in steps[-1].output.skills,", ["NRV4018", "'coed'", "code"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.skills = 'code',", ["NRV4018", "'code'"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.score = '3',", ["NRV4018", "'3'", "3"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.score > '3',", ["NRV4018", "'3'", "3"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grade > 3,", ["NRV4018", "3"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grade + 1 = 2,", ["NRV4018", "grade"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.`$status` = 'unfit',", ["NRV4018", "'unfit'"]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grade = $event.data.level,", ["NRV4018", "="]],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grade = steps[-1].output.score,", ["NRV4018", "="]],
  ["hiring", "steps[-1].output.grade = 'a',", "$type(steps[-1].output.grade) = 'text',", ["NRV4018", "'text'"]],
  ["hiring", "grade == 'a'", "grade == 'aa'", ["NRV4018", "'aa'"]],
  ["hiring", "grade == 'a'", "score == 'a'", ["NRV4018", "'a'"]],
  ["hiring", "grade == 'a'", "grade == score", ["NRV4018", "grade == score"]],
  ["hiring", "grade == 'a'", "skills contains 'cod'", ["NRV4018", "'cod'", "code"]],
  ["hiring", "grade == 'a'", "score contains 3", ["NRV4018", "score"]],
  ["hiring", "grade == 'a'", "_status == 'unfit'", ["NRV4018", "'unfit'"]],
  ["hiring", "grade == 'a'", "skills > 1", ["NRV4018", "skills"]],
  ["hiring", "load < 3", "load < '3'", ["NRV4018", "'3'", "3"]],
  ["hiring", "{% for m in each.output.marks %}", "{% for m in each.output.note %}", ["NRV4018", "each.output.note"]],
  ["announce-setup", 'ok: "ok"', "ok: \"ok = 'true'\"", ["NRV4018", "'true'", "true"]],
  ["listed", "points > 3", "points > 'three'", ["NRV4018", "'three'"]],
  ["listed", "points + 1 < 9", "verdict + 1 < 9", ["NRV4018", "verdict"]],
  ["listed", "points + 1 < 9", "points < $last('judge').words", ["NRV4018", "points"]],
  ["listed", "$last('judge').verdict = $last('side').verdict", "$last('judge').verdict = $last('side').length", ["NRV4018", "="]],
  ["listed", "$last('judge').verdict = $last('side').verdict", "$last('judge').points in $last('judge').list", ["NRV4018", "in"]],
];

/** What tests before have left. */
const narrowed: Edit[] = [
  ["listed", "output.verdict = 'right' and", "output.verdict = 'left' and", ["NRV4018", "'left'"]],
  ["listed", "output.points > 3", "output.verdict = 'open'", ["NRV3033", "isRight"]],
  [
    "listed",
    "$last('judge').calm or",
    "$last('judge').verdict != 'left' or $last('judge').verdict != 'right' or",
    ["NRV4018", "'right'"],
    ["NRV3033", "side"],
  ],
  ["hiring", "steps[-1].output.grade = 'a',", "steps[-1].output.grade = 'a' ? true : steps[-1].output.grade = 'a',", ["NRV4018", "'a'"]],
  ["hiring", "when: \"data.name = 'x'\"", "when: \"type = 'candidate.applied'\"", ["NRV4018", "'candidate.applied'", "candidate.hired"]],
  ["hiring", "_last.sorter.grade", "_last.clerk.letter", ["NRV4022", "clerk"]],
  ["hiring", "'id': $event.data.id", "'id': $last('panel').acked", ["NRV4022", "'panel'"]],
];

/** Absence that decides. */
const absence: Edit[] = [
  ["hiring", "$not(data.urgent = true)", "data.urgent != true", ["NRV4019", "!=", "$not(data.urgent = true)"]],
  ["hiring", "$not(data.urgent = true)", "$not(data.urgent)", ["NRV4019", "urgent", "urgent = true"]],
  [
    "hiring",
    "$not(data.urgent = true)",
    "data.level != 'junior' and data.level != 'senior'",
    ["NRV4019", "!=", "$not(data.level = 'junior')"],
  ],
  [
    "listed",
    "$exists(steps[-1].output.words) and $length(steps[-1].output.words) > 100",
    "steps[-1].output.words != 'x'",
    ["NRV4019", "!=", "$not(steps[-1].output.words = 'x')"],
  ],
  ["hiring", "$exists(subject)", "subject != 'x'", ["NRV4019", "!=", "$not(subject = 'x')"]],
];

/** Arguments of functions and filters. */
const arguments_: Edit[] = [
  ["hiring", "$uppercase(steps[-1].output.fault)", "$uppercase(steps[-1].output.final)", ["NRV4021", "final"]],
  ["hiring", "$uppercase(steps[-1].output.fault)", "$upercase(steps[-1].output.fault)", ["NRV4004", "$upercase", "$uppercase"]],
  ["hiring", "$uppercase(steps[-1].output.fault)", "$substring(steps[-1].output.fault, 'a')", ["NRV4021", "'a'"]],
  ["hiring", "$uppercase(steps[-1].output.fault)", "$uppercase(steps[-1].output.fault, 1)", ["NRV4021", "$uppercase"]],
  ["hiring", "$uppercase(steps[-1].output.fault)", "$replace(steps[-1].output.fault, 'a')", ["NRV4021", "$replace"]],
  ["hiring", "$uppercase(steps[-1].output.fault)", "(steps[-1].output.fault ~> $sum())", ["NRV4021", "fault"]],
  ["hiring", "$uppercase(steps[-1].output.fault)", "$number(steps)", ["NRV4021", "steps"]],
  ["hiring", "$count(steps[-1].output.skills) > 1", "$sum(steps[-1].output.skills) > 1", ["NRV4021", "skills"]],
  ["hiring", "$count(steps[-1].output.skills) > 1", "$length(steps[-1].output.skills) > 1", ["NRV4021", "skills"]],
  ["hiring", "$count(steps[-1].output.skills) > 1", "$contains(steps[-1].output.why, 3)", ["NRV4021", "3"]],
  ["hiring", "$count(steps[-1].output.skills) > 1", "$count(steps[-1].output.why) > 1", ["NRV4021", "why"]],
  ["hiring", "'sorting' in capabilities", "$contains(capabilities, 'sorting')", ["NRV4021", "capabilities", "'sorting' in capabilities"]],
  ["listed", "$length(steps[-1].output.words)", "$length(steps[-1].output.points)", ["NRV4021", "points"]],
  ["listed", "$sum([$last('judge').points, 1])", "$sum([$last('judge').words])", ["NRV4021", "["]],
  ["listed", "$sum([$last('judge').points, 1])", "$last('judge').words ~> $round", ["NRV4021", "words"]],
  ["hiring", "data.age | plus: 1", "data.age | plus: 'x'", ["NRV4021", "'x'"]],
  ["hiring", "skills | join: ', '", "skills | upcase", ["NRV4021", "upcase"]],
  ["hiring", "score | times: 2", "skills | times: 2", ["NRV4021", "times"]],
  ["hiring", "score | times: 2", "grade | join: ','", ["NRV4021", "join"]],
  ["hiring", "score | times: 2", "score | time: 2", ["NRV4010", "time", "times"]],
  ["hiring", "score | times: 2", "score | times", ["NRV4021", "times"]],
  ["hiring", "grade | upcase", "grade | upcase: 1", ["NRV4021", "upcase"]],
  ["hiring", "fault | truncate: 20", "fault | truncate: '…'", ["NRV4021", "'…'"]],
  [
    "hiring",
    "{% for m in each.output.marks %}",
    "{{ each.output.marks | map: 'topc' | join: ',' }}{% for m in each.output.marks %}",
    ["NRV4017", "topc", "topic"],
  ],
  [
    "hiring",
    "{% for m in each.output.marks %}",
    "{% assign all = answers | where: 'agent', 3 %}{% for m in each.output.marks %}",
    ["NRV4018", "3"],
  ],
  ["announce-setup", "failed | join: ', ' | default", "failed | join: ', ' | defualt", ["NRV4010", "defualt", "default"]],
];

/** Results that their places can't use, and maps as text. */
const results: Edit[] = [
  ["hiring", "key: data.id, priority", "key: data, priority", ["NRV4023", "data"]],
  ["hiring", "data.urgent ? 10 : 0", "data.urgent ? 'high' : 'low'", ["NRV4023", "data.urgent ? 'high' : 'low'"]],
  ["hiring", "stats.success * 10 - agent.load + stats.overall.idle", "agent.id", ["NRV4023", "agent.id"]],
  ["hiring", "from: event.agent", "from: event", ["NRV4023", "event"]],
  ["hiring", "when: \"data.name = 'x'\"", "when: \"'data.name'\"", ["NRV4023", "'data.name'"]],
  ["hiring", "grade == 'a'", "skills", ["NRV4025", "skills", ".size > 0"]],
  ["hiring", "grade == 'a'", "score", ["NRV4025", "score", " != 0"]],
  ["hiring", "{{ m.topic }} {{ m.mark }}", "{% if m.topic %}x{% endif %}", ["NRV4025", "m.topic", " != blank"]],
  ["hiring", "{{ m.topic }} {{ m.mark }}", "{{ m }}", ["NRV4024", "m", " | json"]],
  ["hiring", "{{ each.output.vote }}", "{{ each.output }}", ["NRV4024", "each.output", " | json"]],
  ["hiring", "{{ each.agent }}: {{", "{{ answers }}: {{", ["NRV4024", "answers", " | json"]],
];

/** What the engine never gives, and what schemas and templates can't hold. */
const engine: Edit[] = [
  ["hiring", "$not(data.urgent = true)", "$not(data.age > 3)", ["NRV4019", ">"]],
  ["hiring", "data.reason = 'x' and $exists(subject)", "data.workflow = 'hiring'", ["NRV3035", "\"data.workflow = 'hiring'\""]],
  [
    "hiring",
    "{{ _children | size }}",
    "{% for c in _children %}{% if c.status == 'complete' %}!{% endif %}{% endfor %}",
    ["NRV4018", "'complete'", "completed"],
  ],
  ["listed", "steps[-1].output.verdict = 'left'", "$uppercase(steps[-1].output.verdict) = 'left'", ["NRV4018", "'left'", "LEFT"]],
  ["listed", "steps[-1].output.verdict = 'left'", "steps[-1].`$status` = 'left'", ["NRV4017", "`$status`", "output.`$status`"]],
  ["hiring", "vote = 'yes' or vote = 'no'", "marks", ["NRV4023", "marks"]],
  ["hiring", "age: { type: integer }", "age: { type: integer, minLength: 3 }", ["NRV3026", "minLength"]],
  ["hiring", "age: { type: integer }", "age: { type: integer, minimum: 1.2, maximum: 1.8 }", ["NRV2021", "1.8"]],
  ["hiring", "age: { type: integer }", "age: { type: integer, not: { type: number } }", ["NRV2021", "{"]],
  ["hiring", "{ const: written }", "{ const: $WRITTEN }", ["NRV3017", "$WRITTEN"], ["NRV3009", "written"]],
  ["hiring", "grade == 'a'", "$status == 'fit'", ["NRV4014", "$status", "_status"]],
  ["hiring", "grade | upcase", "_last.sorter.$status", ["NRV4014", "$status"]],
  ["hiring", "nerve.thread.suspended", "nerve.thread.suspend", ["NRV5005", "nerve.thread.suspend", "nerve.thread.suspended"]],
  ["hiring", "of: 3, ack", "of: 0, ack", ["NRV2009", "0"]],
  ["ranges", "paper.gone], key: [data.id, data.size]", "paper.gone], key: [data.id, data.sise]", ["NRV5008", "data.sise", "data.size"]],
  ["ranges", "paper.gone], key: [data.id, data.size]", "paper.gone], key: [id, data.size]", ["NRV5008", "id", "data.id"]],
  ["ranges", "paper.gone], key: [data.id, data.size]", "paper.gone], key: [subject, data.size]"],
];

export const edits: readonly Edit[] = [...fields, ...values, ...narrowed, ...absence, ...arguments_, ...results, ...engine];
