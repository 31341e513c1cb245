/** One edit of a sound workflow each: the slip that an author makes, and the finding that names it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "../../../workflows", `${name}.yaml`), "utf8");
const files = { review: read("code-review"), debate: read("debate"), setup: read("announce-setup"), pool: read("triage-pool") };

/** File, what stands there, what is written instead, and what `check` must say among the rest. */
const edits: [keyof typeof files, string, string, string][] = [
  // Edges
  ["debate", '"steps[-1].output.conceded = true"', '"true"', "edge-never-taken"],
  ["debate", '"steps[-1].output.conceded = true"', '"1 = 2"', "edge-never-taken"],
  [
    "debate",
    '"steps[-1].output.conceded = true"',
    `"steps[-1].output.conceded or $not(steps[-1].output.conceded) or steps[-1].output.\`$status\` = '$TIMEOUT'"`,
    "edge-never-taken",
  ],
  ["debate", "'$TIMEOUT'\"", "'$UNFILLED'\"", "edge-never-taken"],
  ["debate", "'$TIMEOUT'\"", "'$MAX_ROUNDS'\"", "edge-never-taken"],
  ["debate", ">= 3", ">= 13", "edge-never-taken"],
  ["debate", ">= 3", "> 12", "edge-never-taken"],
  ["debate", "on_timeout: forfeit", "on_timeout: suspend", "edge-never-taken"],
  ["debate", "condition: threeExchanges", "condition: conceded", "edge-never-taken"],
  ["debate", "condition: threeExchanges", "condition: null", "transition-never-tried"],
  ["setup", "need: all, timeout: 1h,", "need: none, timeout: 1h,", "edge-never-taken"],
  ["setup", "    $UNFILLED:", "    $TIMEOUT:", "edge-never-taken"],
  ["setup", "    $UNFILLED:", "    $OFFLINE:", "edge-never-taken"],
  ["pool", "    unclear: { role: $SUSPEND", '    $UNFILLED: { role: $END, prompt: "None." }\n    unclear: { role: $SUSPEND', "nothing"],
  // Work without an end
  [
    "review",
    '      prompt: "Approved: {{ summary }}"',
    '      prompt: "Approved: {{ summary }}"\n      spawn: [{ workflow: code-review }]',
    "nothing",
  ],
  ["debate", '      prompt: "Closed."', '      prompt: "Closed."\n      spawn: [{ workflow: debate }]', "endless-spawn"],
  [
    "debate",
    '      prompt: "Closed."',
    '      prompt: "Closed."\n      spawn: [{ workflow: debate, input: "[{ \'a\': 1 }]" }]',
    "endless-spawn",
  ],
  ["debate", "kind: debate.closed", "kind: debate.requested", "endless-chain"],
  ["pool", "kind: issue.triaged, data: {", "kind: issue.opened, data: {", "endless-chain"],
  // Rounds
  ["debate", "max_rounds: 12", "max_rounds: 1", "rounds-too-few"],
  ["review", "max_rounds: 20", "max_rounds: 1", "role-out-of-rounds"],
  ["review", "max_rounds: 20", "max_rounds: 0", "out-of-range"],
  // Who can take a role
  ["review", 'where: "load < 3"', 'where: "load < 0"', "test-never-holds"],
  ["review", 'where: "load < 3"', 'where: "load > 3 and load < 3"', "test-never-holds"],
  ["review", 'where: "load < 3"', 'where: "load < 3"\n      agents: []', "nobody-eligible"],
  ["review", "not: [author] ", "not: [autor] ", "not-names-nobody"],
  ["review", 'where: "load < 3"', "agents: [ann]\n      where: \"id = 'bob'\"", "test-never-holds"],
  ["pool", "not: [triager] ", "agents: [ann]\n      not: [triager] ", "nobody-eligible"],
  ["pool", '      score: "stats.success * 10 - (bid.minutes ? bid.minutes : 5)"', "", "nothing-to-score"],
  ["pool", "retries: 3", "retries: 0", "without-effect"],
  ["setup", "need: all", "need: 3", "nothing"],
  ["setup", "ack: { need: all", "of: 2\n      ack: { need: 3", "need-too-great"],
  ["setup", "capabilities: [setup]", "eligibility: { agents: [a, b] }\n    capabilities: [setup]", "nothing"],
  ["setup", "      ttl: 7d", "      of: 3\n      ttl: 7d\n    eligibility: { agents: [a, b] }", "panel-too-large"],
  ["setup", "ttl: 7d", "ttl: 30m", "timer-never-counts"],
  ["setup", 'ok: "ok"', 'ok: "false"', "test-never-holds"],
  ["setup", "      ttl: 7d", "      ttl: 7d\n    heartbeat: { every: 1m }", "without-effect"],
  // Schemas
  ["setup", "required: [ok]", "required: [nots]", "required-unknown"],
  ["setup", "note: { type: string }", "note: { type: string, minLength: 3, maxLength: 2 }", "schema-contradiction"],
  ["setup", "required: [ok]", "required: [ok]\n      allOf: [{ properties: { ok: { type: string } } }]", "schema-contradiction"],
  [
    "setup",
    "required: [ok]",
    "required: [ok]\n      additionalProperties: false\n      allOf: [{ required: [why] }]",
    "schema-contradiction",
  ],
  ["review", "$status: { const: changes_requested }", "$status: { const: approved }", "status-in-two-branches"],
  ["review", "pr: { type: integer }", "pr: { type: integer, enum: [a] }", "schema-contradiction"],
  ["review", "pr: { type: integer }", "pr: { type: integer, minimum: 9, exclusiveMaximum: 9 }", "schema-contradiction"],
  // Reflexes
  [
    "review",
    "\"data.repo & '#' & $string(data.pr)\"\n    signal",
    "\"data.repo & '/' & $string(data.pr)\"\n    signal",
    "key-never-matches",
  ],
  ["review", "\"data.repo & '#' & $string(data.pr)\"\n    signal", "[data.repo, data.pr]\n    signal", "key-never-matches"],
  ["review", '"$not(data.draft = true)"', '"false"', "test-never-holds"],
  ["review", "on: [pr.closed]", "on: [nerve.turn.respond]", "unheard-nerve-kind"],
  // What is written as elsewhere
  ["review", "timeout: 45m", "timeout: PT45M", "bad-duration"],
  ["review", "timeout: 45m", "timeout: 00:45:00", "bad-duration"],
  ["review", "max_rounds: 20", "max_rounds: 2_000", "wrong-type"],
  ["review", "max_rounds: 20", "max_rounds: 020", "leading-zero"],
  ["review", "capabilities: [code-review]", "capabilities: code-review", "wrong-type"],
  ["debate", "agent: host-1", "agent: 007", "wrong-type"],
];

test("[CHECK43] there are edits of every kind", () => expect(edits.length).toBeGreaterThan(50));

test.each(edits)("[CHECK43] %s: %s, written as %s, gives %s", (file, from, to, name) => {
  const text = files[file];
  expect(text).toContain(from);
  expect(parseWorkflow(text).diagnostics).toEqual([]);
  const { diagnostics } = parseWorkflow(text.replace(from, () => to));
  const found = diagnostics.map((each) => each.name);
  if (name === "nothing") expect(found).toEqual([]);
  else expect(found).toContain(name);
});
