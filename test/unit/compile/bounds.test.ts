/** Bounds of values, and what tests in Liquid leave of them. */
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { isEmpty, isWithin, joinRanges, mayOrder, meetRanges, ofOrder, type Range } from "../../../src/compile/meaning/range.ts";
import { createRandom } from "../../../src/explore/index.ts";
import { soundWorkflows } from "./sound-workflows.ts";

describe("ranges", () => {
  const random = createRandom(20);
  const integer = (most: number): number => Math.floor(random() * most);
  const numbers = Array.from({ length: 81 }, (_, place) => (place - 40) / 4);
  const ranges = Array.from({ length: 300 }, (): Range => {
    const bounds = [integer(12) - 6, integer(12) - 6].map((bound) => (integer(5) === 0 ? Number.POSITIVE_INFINITY : bound));
    const [least = 0, most = 0] = bounds.toSorted((a, b) => a - b);
    const step = [undefined, undefined, 1, 2, 3, 0.5][integer(6)];
    return {
      least: Number.isFinite(least) ? least : Number.NEGATIVE_INFINITY,
      most,
      over: integer(2) === 0,
      under: integer(2) === 0,
      ...(step !== undefined && { step }),
    };
  });
  const pairs = ranges.map((range, place) => [range, ranges[(place * 7 + 3) % ranges.length] ?? range] as const);
  const within = (range: Range): number[] => numbers.filter((number) => isWithin(number, range));

  test("[MEAN20] what is in two ranges is in what they have in common, and what is in one in what joins them", () => {
    for (const [one, other] of pairs) {
      const [met, joined] = [meetRanges([one, other]), joinRanges([one, other])];
      for (const number of numbers) {
        if (isWithin(number, one) && isWithin(number, other)) expect(isWithin(number, met)).toBe(true);
        if (isWithin(number, one) || isWithin(number, other)) expect(isWithin(number, joined)).toBe(true);
      }
    }
  });

  test("[MEAN20] what is said to be empty or never in order holds no numbers that are", () => {
    let told = 0;
    for (const [one, other] of pairs) {
      if (isEmpty(one)) expect(within(one)).toEqual([]);
      for (const operator of ["<", "<=", ">", ">="]) {
        if (mayOrder(operator, one, other)) continue;
        told += 1;
        const held = within(one).filter((number) => within(other).some((bound) => isWithin(number, ofOrder(operator, bound))));
        expect(held, JSON.stringify([one, operator, other])).toEqual([]);
      }
    }
    expect(told).toBeGreaterThan(100);
  });
});

describe("tests in Liquid", () => {
  const find = (from: string, to: string): string[] => {
    const text = soundWorkflows.ranges;
    expect(text.split(from)).toHaveLength(2);
    return parseWorkflow(text.replace(from, () => to)).diagnostics.map(({ code, message }) => `${code} ${message}`);
  };
  const graded = (template: string): string[] => find("{% if score >= 9 %}Great", `${template}{% if score >= 9 %}Great`);

  test.each([
    "{% if score < 5 %}{% elsif score < 9 %}{% elsif score >= 9 %}{% endif %}",
    "{% if score < 5 or flag %}{% elsif score > 7 %}{% endif %}",
    "{% if score == 5 %}a{% endif %}{% if score == 5 %}b{% endif %}",
    "{% unless score > 5 %}{% if score == 5 %}{% endif %}{% endunless %}",
    "{% unless flag %}{% elsif score == 5 %}{% else %}{{ flag }}{% endunless %}",
    "{% if not flag and score != 3 %}{% elsif score == 3 %}{% endif %}",
    "{% if score == 5 or score == 6 %}{% if score == 5 %}{% endif %}{% endif %}",
    "{% case score %}{% when 1, 2 %}{% if score == 1 %}{% endif %}{% when 3 or 4 %}{% else %}{% if score == 5 %}{% endif %}{% endcase %}",
    "{% assign x = score %}{% if x == 1 %}{% assign x = 2 %}{% if x == 2 %}{% endif %}{% endif %}",
    "{% for n in notes %}{% if n == 'a' %}{% elsif n == 'b' %}{% endif %}{% endfor %}",
    "{% for n in notes %}{% if n == 'a' %}{% for n in notes %}{% if n == 'b' %}{% endif %}{% endfor %}{% endif %}{% endfor %}",
    "{% if code == 'abc' %}{% if code contains 'b' %}{% endif %}{% endif %}",
    "{% if score > 3 and score < 5 %}{% endif %}",
    "{% if score == 3 %}{% elsif score == 3 or flag %}{% endif %}",
  ])("[MEAN21] %s is let be", (template) => {
    expect(graded(template)).toEqual([]);
  });

  test.each([
    ["{% if score < 5 %}{% elsif score < 3 %}{% endif %}", "`score` is a whole number from 5 to 10 here, never less than 3."],
    ["{% if score > 5 and score < 3 %}{% endif %}", "`score` is a whole number from 6 to 10 here, never less than 3."],
    ["{% unless score > 5 %}{% if score == 6 %}{% endif %}{% endunless %}", "`score` is a whole number from 0 to 5 here, never 6."],
    ["{% if flag %}{% elsif flag == true %}{% endif %}", "`flag` is false here, never true."],
    ["{% if flag %}{% else %}{% if flag %}{% endif %}{% endif %}", "`flag` is false here: the test never holds."],
    ["{% case score %}{% when 1, 2 %}{% if score == 3 %}{% endif %}{% endcase %}", "`score` is 1 or 2 here, never 3."],
    ["{% if notes.size > 5 %}{% endif %}", "`size` is a whole number from 0 to 4, never more than 5."],
    ["{% assign n = notes | size %}{% if n > 5 %}{% endif %}", "`n` is a whole number from 0 to 4, never more than 5."],
  ])("[MEAN21] %s: %s", (template, message) => {
    expect(graded(template)).toEqual([`NRV4018 ${message}`]);
  });

  test("[MEAN21] of a role's latest output a test of one field tells which of its answers it is", () => {
    const at = "{% if _last.grader.reason == 'late' %}late{% endif %}";
    expect(find(at, "{% if _last.grader.reason == 'late' %}{{ _last.grader.score }}{% endif %}")).toHaveLength(1);
    expect(find(at, "{% if _last.grader.reason == 'late' %}{{ _last.grader.detail }}{% endif %}{{ _last.grader.score }}")).toEqual([]);
  });
});

test("[MEAN23] a condition that asks a broadcast for a field of an answer holds nowhere behind it", () => {
  const text = soundWorkflows.rounds.replace("role: $END, condition: isKept", "role: $END, condition: isPoor");
  const { diagnostics } = parseWorkflow(text);
  const told = diagnostics.filter(({ name }) => name === "edge-never-taken");
  expect(told.map(({ message }) => message)).toEqual([
    "This edge can never be taken, because what the broadcast `crowd` gives has no `verdict`.",
  ]);
});

test("[CHECK44] an edge for `$OFFLINE` and `offline.then: rerecruit` both act: nothing is said of them", () => {
  const edge = "    $OFFLINE: { role: $END, prompt: Gone. }\n    graded:";
  const text = soundWorkflows.ranges.replace("    graded:", () => edge);
  expect(parseWorkflow(text).diagnostics).toEqual([]);
  const other = text.replace("grace: 5m, then: rerecruit", "grace: 5m, then: suspend");
  expect(parseWorkflow(other).diagnostics.map(({ name }) => name)).toEqual(["without-effect"]);
});

test("[CHECK46] a broadcast's `forfeit` asks for the status that it hands over: `$PARTIAL` where somebody is waited for", () => {
  const text = (need: string, edge: string): string => `name: b
description: A broadcast whose time may be up.
binding: cloud
reflexes: [{ kind: workflow, on: [b.asked] }]
roles:
  fleet:
    type: broadcast
    description: All.
    goal: To know.
    eligibility: { where: labels.fleet }
    turn: { on_timeout: forfeit }
    broadcast: { ack: { need: ${need}, timeout: 1m } }
graph:
  $START: { new: { role: fleet, prompt: Look. } }
  fleet: { $ACKED: { role: $END, prompt: All. }${edge} }
`;
  const findings = (need: string, edge = "") =>
    parseWorkflow(text(need, edge)).diagnostics.map(({ name, message }) => `${name}: ${message}`);
  expect(findings("all", ", $PARTIAL: { role: $END, prompt: Some. }")).toEqual([]);
  expect(findings("all")).toEqual([expect.stringMatching(/^forfeit-without-edge: .*`\$PARTIAL`/)]);
  expect(findings("none")).not.toContainEqual(expect.stringContaining("forfeit-without-edge"));
});
