/** A long evaluation runs in microtasks, before anything else that waits: it has to stop now and then for others. */
import { expect, test } from "vitest";
import { evaluateExpression } from "../../../../src/compile/decide/expression.ts";
import { renderTemplate } from "../../../../src/compile/decide/template.ts";

/** How often something else has its turn while work is done. */
async function countOthers(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const take = (): void => {
    turns += 1;
    if (!over) setTimeout(take, 0);
  };
  setTimeout(take, 0);
  await work();
  over = true;
  return turns;
}

const items = Array.from({ length: 10_000 }, () => 1);
const sum = (count: number) => evaluateExpression("$sum(items.($ * 2 + 1))", { items: items.slice(0, count) });
const loop = (count: number) =>
  renderTemplate(
    { kind: "liquid", source: `{% for a in (1..${count}) %}{% for b in (1..200) %}{% if a == b %}x{% endif %}{% endfor %}{% endfor %}` },
    {},
  );

test("[WORK12] a long evaluation lets others in again and again, and a short one does not wait for any", async () => {
  const answers: unknown[] = [];
  expect(await countOthers(async () => answers.push(await sum(10_000)))).toBeGreaterThan(8);
  expect(await countOthers(async () => answers.push(await sum(100)))).toBe(0);
  expect(answers).toEqual([10_000, 100].map((count) => ({ ok: true, value: 3 * count })));
});

test("[WORK13] so does a long rendering", async () => {
  const answers: unknown[] = [];
  expect(await countOthers(async () => answers.push(await loop(100)))).toBeGreaterThan(10);
  expect(await countOthers(async () => answers.push(await loop(1)))).toBe(0);
  expect(answers).toEqual([100, 1].map((count) => ({ ok: true, text: "x".repeat(count) })));
});

test("[WORK13] what goes wrong after a break is told as it is before one", async () => {
  const source = "{% for a in (1..1000) %}{% for b in (1..1000) %}{% if a == b %}x{% endif %}{% endfor %}{% endfor %}";
  const rendered = await renderTemplate({ kind: "liquid", source }, {});
  expect(rendered).toMatchObject({ ok: false, error: { code: "template_failed", message: expect.stringContaining("given too much") } });
});
