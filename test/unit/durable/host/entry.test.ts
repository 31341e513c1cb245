/** [ENTRY13] The text of a journal entry: each step as it was, and of what is too long its type. */
import { expect, test } from "vitest";
import { createEntryWriter, type Entry, type StepFact } from "../../../../src/durable/host/entry.ts";
import { hostLimits } from "../../../../src/durable/host/limits.ts";
import type { Journal } from "../../../../src/durable/host/store/journal.ts";

const makeStep = (revision: number, text: string, effects: StepFact["effects"] = []): StepFact => ({
  ...{ actor: "a", revision, after: { open: "deep" }, effects, event: { type: "said", text, nothing: undefined } },
});

function write(steps: StepFact[], log: unknown[] = []): string[] {
  const texts: string[] = [];
  const journal = { append: (text: string) => texts.push(text) } as Partial<Journal<Entry>> as Journal<Entry>;
  const writer = createEntryWriter(journal);
  for (const step of steps) writer.step(step);
  writer.send({ to: ["actor/b"], message: { type: "mail" } });
  writer.log(log);
  writer.write(0);
  expect(writer.isEmpty()).toBe(true);
  return texts;
}

test("[ENTRY13] an entry has its steps as they were; of one that is too long it has the type, and of the others all", () => {
  const quoted = 'a "quoted" \\ line\n\u2028 \ud800';
  const out = [{ to: ["actor/b"], message: { type: "mail" } }];
  expect(write([makeStep(1, quoted), makeStep(2, "y")])).toEqual([
    `{"steps":[${[quoted, "y"].map((text, at) => `{"actor":"a","revision":${at + 1},"after":{"open":"deep"},"effects":[],"event":{"type":"said","text":${JSON.stringify(text)}}}`).join(",")}],"out":${JSON.stringify(out)}}`,
  ]);
  // Long only together, or beside rows for the log that are long: nothing is cut.
  const half = "h".repeat(hostLimits.historyBytes / 2);
  for (const [steps, log] of [
    [[makeStep(1, half), makeStep(2, half), makeStep(3, half)], []],
    [[makeStep(1, quoted)], [{ text: half + half }]],
  ] as const)
    expect(write([...steps], [...log]).map((text) => JSON.parse(text))).toEqual([
      JSON.parse(JSON.stringify({ steps, out, ...(log.length && { log }) })),
    ]);
  const long = "l".repeat(hostLimits.historyBytes);
  const [text = ""] = write([makeStep(1, long), makeStep(2, "short"), makeStep(3, "e", [{ type: "send", text: long }])]);
  expect(JSON.parse(text).steps).toMatchObject([
    { event: { type: "said", cut: expect.any(Number) } },
    { event: { type: "said", text: "short" } },
    { event: { text: "e" }, effects: [{ type: "send", cut: expect.any(Number) }] },
  ]);
});
