/** [JUDGE50] On a real server: schemas and data that would hold up a judge, and another agent's wait beside them, against its quiet one. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/client/clock.ts";
import { createHttpCaller } from "../../src/client/http.ts";
import { createOperator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

/** Milliseconds that the longest wait may take on a busy machine: a judge that goes back took from 3 s to for ever. */
const longest = 2_500;

const file = `
name: guarded
description: takes what fits
binding: cloud
input:
  type: object
  properties:
    url: { type: string, format: url }
    mail: { type: string, format: email }
    name: { type: string, pattern: "^(a|a)*$" }
    word: { type: string, pattern: '^(\\w|_)*$' }
    many: { type: string, pattern: "^(?:a?){30}a{30}$" }
    list: { type: array, uniqueItems: true }
  patternProperties: { "^(z+)+$": {} }
roles:
  worker: { goal: "${"a".repeat(60)}", capabilities: [work], frontmatter: { type: object, properties: { $status: { const: done } }, required: [$status] } }
graph: { $START: { new: { role: worker, prompt: go } }, worker: { done: { role: $END, prompt: done } } }
reflexes:
  - { kind: workflow, on: [guarded.asked], when: "$not($exists(data.words[$ in $$.data.words][0]) and data.skip)" }
`;

const hostile: Record<string, unknown>[] = [
  { url: `${"h".repeat(32)}!` },
  { mail: `${"a".repeat(60)}@${"a-".repeat(50_000)}!` },
  { name: `${"a".repeat(34)}!` },
  { word: `${"_".repeat(34)}!` },
  { many: "a".repeat(29) },
  { list: Array.from({ length: 8_000 }, (_, a) => ({ a })), many: "a".repeat(30) },
  { [`${"z".repeat(28)}!`]: 1, name: "a" },
  { words: Array.from({ length: 15_000 }, (_, index) => `w${index}`), skip: true },
];

test("[JUDGE50] hostile schemas are refused when they are given, hostile data are judged, and nobody else waits", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const operator = createOperator(facts);
  const agent = async (id: string) => {
    const token = await operator.add(id, ["work"]);
    return createHttpCaller({ url: facts.url, token, fetch: (address, init) => fetch(address, init), clock: systemClock });
  };
  const [ann, mallory] = [await agent("ann"), await agent("mallory")];
  const post = (id: string, type: string, data: unknown) => mallory.call("POST", "v1/events", { body: JSON.stringify({ id, type, data }) });

  async function measure(over: Promise<unknown>): Promise<number[]> {
    const waits: number[] = [];
    let isOver = false;
    over.catch(() => {}).finally(() => (isOver = true));
    while (!isOver || waits.length < 30) {
      const began = performance.now();
      await ann.call("GET", "v1/me");
      waits.push(performance.now() - began);
    }
    return waits.toSorted((a, b) => a - b);
  }
  const middle = (waits: number[]): number => Math.max(1, waits[waits.length >> 1] ?? 0);

  await measure(Promise.resolve());
  const quiet = middle(await measure(Promise.resolve()));

  const refusals = ["(", "(a)\\1", "a{9000}"].map((pattern) => ({ properties: { workflow: { pattern } } }));
  for (const [index, schema] of [...refusals, { $ref: "#" }, { $ref: "#/$defs/none" }, { $ref: "http://127.0.0.1:9/x" }].entries())
    await expect(post(`bad-${index}`, "nerve.agent.report", { accepts: { "nerve.turn.assigned": schema } })).rejects.toMatchObject({
      code: "malformed",
    });
  // One that is in order, and that a judge that goes back would not come to an end with.
  const slow = { properties: { role: { properties: { goal: { pattern: "^((([a-z])*)*)*!$" } } } } };
  await post("slow", "nerve.agent.report", { accepts: { "nerve.turn.assigned": slow } });
  const publishing = operator.call("PUT", "v1/workflows/guarded", { body: file, contentType: "application/yaml" });
  expect((await measure(publishing)).at(-1)).toBeLessThan(longest);
  expect(await publishing).toMatchObject({ name: "guarded", revision: expect.any(String) });

  const sending = (async () => {
    const answers: unknown[] = [];
    for (let round = 0; round < 3; round++)
      for (const [index, data] of hostile.entries()) answers.push(await post(`e-${round}-${index}`, "guarded.asked", data));
    return answers;
  })();
  const waits = await measure(sending);
  const answers = (await sending) as { threads: string[]; notes: string[] }[];
  const said = `quiet ${quiet.toFixed(1)} ms, beside them ${middle(waits).toFixed(1)} ms, at most ${waits.at(-1)?.toFixed(0)} ms`;
  expect(waits.at(-1), said).toBeLessThan(longest);
  expect(middle(waits) / quiet, said).toBeLessThan(100);
  // What does not fit begins no thread and says why; what fits begins one.
  for (const [index, { threads, notes }] of answers.slice(0, hostile.length).entries()) {
    const fits = index === 5 || index === 6;
    expect(threads.length, `${index}: ${notes.join()}`).toBe(fits ? 1 : 0);
    if (!fits) expect(notes.join(), String(index)).toMatch(/does not fit its input|given too much/);
  }
});
