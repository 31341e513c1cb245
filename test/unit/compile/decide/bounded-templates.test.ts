/** Prompts over hostile outputs stay small and quick by what is counted: on Cloudflare the clock stands still while they are rendered. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { renderTemplate } from "../../../../src/compile/decide/template.ts";

/** As much as one event may hold. */
const scope = {
  digits: Array.from({ length: 120_000 }, (_, index) => index % 10),
  words: Array.from({ length: 25_000 }, (_, index) => `s${index}`),
  same: Array.from({ length: 25_000 }, (_, index) => `s${index}`),
  objects: Array.from({ length: 8_000 }, (_, index) => ({ a: index, b: { c: index } })),
  text: "a".repeat(250_000),
  letters: `${"a".repeat(249_999)}b`,
  few: [3, 1, 2],
};

async function render(source: string): Promise<string> {
  // The clock stands still: it is the cost that is counted, on however busy a machine.
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const rendered = await renderTemplate({ kind: "liquid", source }, scope);
  return rendered.ok ? rendered.text : rendered.error.message;
}

const nested = "{% assign a = 'x' | split: '' %}{% for i in (1..60) %}{% assign a = a | push: a %}{% endfor %}";

describe("[WORK10] what would take long is refused by what it costs", () => {
  test.each([
    "{% for i in digits %}{% for j in digits %}{% endfor %}{% endfor %}",
    "{% for i in words %}{% assign x = text | slugify %}{% endfor %}",
    "{% for i in words %}{% assign x = text | url_encode %}{% endfor %}",
    "{% for i in words %}{% assign x = words | sort_natural %}{% endfor %}",
    "{% for i in words %}{% assign x = objects | where: 'a', 1 %}{% endfor %}",
    "{% for i in words %}{% assign x = digits | abs %}{% endfor %}",
    "{% for i in words %}{% if words contains i %}x{% endif %}{% endfor %}",
    "{% for i in words %}{% if words == same %}x{% endif %}{% endfor %}",
    "{% for i in words %}{% if text < letters %}x{% endif %}{% endfor %}",
    `${nested}{{ a }}`,
    `${nested}{{ a | json | size }}`,
    `${nested}{{ a | join: '' | size }}`,
    `${nested}{% if a == a %}x{% endif %}`,
    `${nested}{% assign b = a | append: 'x' %}`,
  ])("%s", async (source) => {
    expect(await render(source)).toMatch(/given too much|limit exceeded|more than 2000000 characters/);
  });
});

test.each([
  ["{% for i in few %}{% if few contains i %}{{ i }}{% endif %}{% endfor %}", "312"],
  ["{{ few | sort | join: ',' }} {{ few | first }} {{ words | size }} {{ objects | map: 'a' | last }}", "1,2,3 3 25000 7999"],
  ["{{ objects | where: 'a', 7 | map: 'a' | first }} {{ text | upcase | size }}", "7 250000"],
  ["{% for i in words %}{% if i == 's7' or i == 's9' %}{{ i }}{% endif %}{% endfor %}", "s7s9"],
  ["{% if 2 > 1 and not false %}yes{% endif %}{% case few.size %}{% when 3 %}three{% endcase %}", "yesthree"],
])("[WORK11] what goes through the data once or a few times is rendered: %s", async (source, text) => {
  expect(await render(source)).toBe(text);
});
