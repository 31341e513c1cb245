/** Programs under `--exec` against a real server: what they cannot do, or say badly, is tried again, and people are told why nothing goes on. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { createOperator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const bin = join(import.meta.dirname, "../../bin/nerveflare.js");

const workflow = (name: string, turn: string) => `
name: ${name}
description: One writes.
binding: cloud
reflexes: [{ kind: workflow, on: [${name}.started] }]
roles:
  writer:
    description: Writes.
    capabilities: [write]
    procedure: Write it.
    output: What was written.
    turn: ${turn}
    frontmatter: { type: object, properties: { $status: { const: written }, n: { type: integer } }, required: [$status, n] }
graph:
  $START: { new: { role: writer, prompt: "Write." } }
  writer: { written: { role: $END, prompt: "Done." } }
`;

/** What the program does at each of its runs: its code, or what it prints. */
const runs: (number | string)[] = [
  ...[75, "I think:\n{'$status': 'written'}", '{"$status": "written"}', '{"$status": "written", "n": 1}\n{"level": 30}'],
  ...[75, '{"$status": "written", "n": 2}'],
];

test("[EXEC12] a program is run again after code 75, after output that cannot be read or does not fit, and after a resume", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const folder = await makeDataFolder();
  const operator = createOperator(facts);
  for (const [name, turn] of [
    ["tried", "{ retries: 1 }"],
    ["once", "{ timeout: 10m }"],
  ] as const)
    await operator.call("PUT", `v1/workflows/${name}`, { body: workflow(name, turn), contentType: "application/yaml" });
  await writeFile(
    join(folder, "program.cjs"),
    `const fs = require("fs"); const { invalid, attempt } = JSON.parse(fs.readFileSync(0, "utf8"));
     fs.appendFileSync("given", JSON.stringify({ attempt, left: invalid?.left, error: invalid?.errors[0].message }) + "\\n");
     const does = ${JSON.stringify(runs)}[fs.readFileSync("given", "utf8").split("\\n").length - 2];
     if (typeof does === "number") { console.error("the model is busy"); process.exit(does); }
     console.log(does);`,
  );
  const agent = spawn(process.execPath, [bin, "agent", "--exec", "node program.cjs"], {
    cwd: folder,
    env: { ...process.env, NERVEFLARE_URL: facts.url, NERVEFLARE_TOKEN: await operator.add("writer", ["write"]) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void agent.kill("SIGKILL"));
  const start = async (name: string) => {
    const body = JSON.stringify({ id: name, type: `${name}.started` });
    return ((await operator.call("POST", "v1/events", { body })) as { threads: string[] }).threads[0] as string;
  };
  const see = (thread: string, status: string) =>
    vi.waitFor(async () => expect(await operator.call("GET", `v1/threads/${thread}`)).toMatchObject({ status }), {
      timeout: 60_000,
      interval: 100,
    });
  const given = async () =>
    (await readFile(join(folder, "given"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);

  await see(await start("tried"), "completed");
  expect(await given()).toEqual([
    { attempt: 1 },
    { attempt: 2 },
    { attempt: 2, left: 2, error: expect.stringContaining("JSON has double quotes, not single ones") },
    { attempt: 2, left: 1, error: expect.stringMatching(/\bn\b|"n"/) },
  ]);

  const thread = await start("once");
  await see(thread, "suspended");
  let said = "";
  const explain = () =>
    runCli(["explain", thread], {
      stdout: { write: (text) => (said += text) },
      env: { NERVEFLARE_URL: facts.url, NERVEFLARE_ADMIN_TOKEN: facts.adminToken },
    });
  // The log may lag.
  await vi.waitFor(
    async () => {
      said = "";
      await explain();
      expect(said).toMatch(/failed writer: The program ended with code 75 .*the role writer allows no retries.*: the model is busy/);
    },
    { timeout: 30_000, interval: 200 },
  );
  await operator.call("POST", `v1/threads/${thread}/resume`, { body: "{}" });
  await see(thread, "completed");
  expect((await given()).slice(4)).toEqual([{ attempt: 1 }, { attempt: 2 }]);
});

test("[PRESET9] a model's tool performs turns by its preset, what it took is shown, and a budget that is spent waits for a person", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const folder = await makeDataFolder();
  const operator = createOperator(facts);
  const edges = '  writer:\n    written: { role: writer, prompt: "More." }\n    enough: { role: $END, prompt: "Done." }\n';
  const text = workflow("modelled", "{ retries: 1 }")
    .replace(/ {2}writer: \{ written.*\n/, edges)
    .replace("const: written", "enum: [written, enough]")
    .replace("binding: cloud", "binding: cloud\nmax_rounds: 9\nbudget: { tokens: 100 }");
  await operator.call("PUT", "v1/workflows/modelled", { body: text, contentType: "application/yaml" });
  await writeFile(
    join(folder, "claude.cjs"),
    `const fs = require("fs"); const prompt = fs.readFileSync(0, "utf8"); fs.appendFileSync("asked", "x");
     const n = fs.readFileSync("asked", "utf8").length;
     const limit = { type: "result", subtype: "success", is_error: true, result: "API Error: 429 rate_limit_error", usage: { input_tokens: 5, output_tokens: 0 } };
     const said = { type: "result", subtype: "success", is_error: false, total_cost_usd: 0.25, usage: { input_tokens: 50, output_tokens: 10 },
       result: prompt.includes('You hold the role "writer"') ? 'Sure: {"$status": "' + (n > 3 ? "enough" : "written") + '", "n": ' + n + '}' : "What?" };
     console.log(JSON.stringify(n === 1 ? limit : said));`,
  );
  const agent = spawn(process.execPath, [bin, "agent", "--preset", "claude", "--exec", "node claude.cjs"], {
    cwd: folder,
    env: { ...process.env, NERVEFLARE_URL: facts.url, NERVEFLARE_TOKEN: await operator.add("writer", ["write"]) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void agent.kill("SIGKILL"));
  const begun = await operator.call("POST", "v1/events", { body: JSON.stringify({ id: "go", type: "modelled.started" }) });
  const path = `v1/threads/${(begun as { threads: string[] }).threads[0]}`;
  const see = (wanted: object) =>
    vi.waitFor(async () => expect(await operator.call("GET", path)).toMatchObject(wanted), { timeout: 60_000, interval: 100 });
  const reason = "budget spent: that of the workflow, 125 of 100 tokens (writer 125); a resume grants it once more";
  await see({ status: "suspended", error: reason, usage: { tokens: 125, input: 105, output: 20, cost: 0.5 } });
  await operator.call("POST", `${path}/resume`, { body: "{}" });
  await see({ status: "completed", usage: { tokens: 185, cost: 0.75 }, roles: { writer: { usage: { tokens: 185 } } } });
});
