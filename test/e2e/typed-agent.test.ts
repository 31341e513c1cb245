/** An agent whose types are of another revision, against a real server: it says so when it connects and when a turn comes, and works on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connectAgent, type Note, type TypedWorkflow } from "../../src/client/index.ts";
import { compileWorkflow } from "../../src/compile/compile-workflow.ts";
import { fingerprintTypes } from "../../src/compile/types/fingerprint-types.ts";
import { createSignal } from "../unit/client/signal.ts";
import { createOperator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const source = readFileSync(join(import.meta.dirname, "../../workflows/code-review.yaml"), "utf8");

/** What the types of a file are made of, as the generated constant has it. */
function makeTypes(text: string, name = "code-review"): TypedWorkflow {
  const { compiled } = compileWorkflow(text);
  if (!compiled) throw new Error("it does not compile");
  return { name, command: "nerveflare types code-review.yaml --out code-review.types.ts", fingerprints: fingerprintTypes(compiled.ir) };
}

test("[TYPES16] stale types are said when it connects, then when a turn of a new revision comes, and the turn is performed", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const operator = createOperator(facts);
  await operator.publish("code-review");
  const token = await operator.add("bob", ["code-review"]);
  const owner = await operator.add("alice", ["coding"]);

  const publish = (body: string) => operator.call("PUT", "v1/workflows/code-review", { body, contentType: "application/yaml" });

  function connect(workflows: TypedWorkflow[]) {
    const notes: Note[] = [];
    const { notify, until } = createSignal();
    const agent = connectAgent({
      ...{ url: facts.url, token, workflows },
      onTurn: { "*": async () => ({ $status: "approved", summary: "fine", risk: "low" }) },
      onNote(note) {
        notes.push(note);
        notify();
      },
    });
    onTestFinished(() => agent.close());
    const noted = (what: string) => until(() => notes.some((note) => note.what === what));
    return { agent, noted, said: () => notes.filter(({ what }) => what.startsWith("types.")) };
  }

  const before = source.replace("summary: { type: string }", "summary: { type: number }");
  const stale = connect([makeTypes(before), makeTypes(source, "not-there")]);
  await Promise.all([stale.noted("types.stale"), stale.noted("types.unpublished")]);
  expect(stale.said()).toMatchObject([
    {
      level: "warn",
      workflow: "code-review",
      message: expect.stringMatching(/since its types were made: reviewer\..*`npx nerveflare types /),
    },
    { level: "warn", workflow: "not-there" },
  ]);
  await stale.agent.close();

  // Comments, prompts and descriptions are other words for the same types.
  const reworded = `# A comment.\n${source.replace("Review {{ data.repo }}", "Look at {{ data.repo }}").replace("Reads the diff and decides.", "Decides.")}`;
  await publish(reworded);
  // What is said of the second tells that the first was looked at.
  const fresh = connect([makeTypes(source), makeTypes(source, "not-there")]);
  await Promise.all([fresh.agent.ready, fresh.noted("types.unpublished")]);

  // While it is connected the reviewer's answer changes: the next turn of it tells.
  await publish(reworded.replace("required: [$status, summary]", "required: [$status, summary, risk]"));
  const ended: string[] = [];
  const { notify, until } = createSignal();
  const author = connectAgent({
    ...{ url: facts.url, token: owner, onNote: () => {} },
    onEvent({ type, id }) {
      if (type === "nerve.thread.completed") ended.push(id);
      notify();
    },
  });
  onTestFinished(() => author.close());
  for (const pr of [1, 2]) await author.send({ type: "pr.ready_for_review", data: { repo: "nerve", pr } });
  await Promise.all([fresh.noted("types.stale"), until(() => ended.length === 2)]);
  expect(fresh.said()).toMatchObject([
    { workflow: "not-there" },
    { workflow: "code-review", turn: expect.any(String), message: expect.stringContaining("code-review/reviewer") },
  ]);
});
