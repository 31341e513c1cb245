/** Command-line language models: how each is run, what is read out of what it prints, and the prompt that it gets. */
import { describe, expect, test } from "vitest";
import type { TurnAssigned } from "../../../src/client/index.ts";
import { TurnFailure } from "../../../src/client/index.ts";
import { createProgramHandler } from "../../../src/exec/create-program-handler.ts";
import { makePrompt } from "../../../src/exec/presets/make-prompt.ts";
import type { Said } from "../../../src/exec/presets/preset.ts";
import { findPreset, isBusy, presets } from "../../../src/exec/presets/presets.ts";
import { makeTurn } from "../client/fixture.ts";

const read = (name: keyof typeof presets, stdout: string, stderr = ""): Said => presets[name].read({ stdout, stderr });
const lines = (...events: object[]): string => `${events.map((event) => JSON.stringify(event)).join("\n")}\n`;

const claude = (more: object = {}) => ({
  ...{ type: "result", subtype: "success", is_error: false, duration_ms: 2191, num_turns: 1, session_id: "s", total_cost_usd: 0.0123 },
  ...{ result: 'Sure!\n```json\n{"$status": "approved"}\n```' },
  usage: { input_tokens: 12, cache_creation_input_tokens: 100, cache_read_input_tokens: 900, output_tokens: 34, service_tier: "standard" },
  ...more,
});

describe("what a model's program prints", () => {
  test("[PRESET1] claude: the result, its tokens with those of the cache, and its cost", () => {
    const said = { text: claude().result, usage: { tokens: { input: 1_012, output: 34, cached: 900 }, cost: 0.0123 } };
    expect(read("claude", lines(claude()))).toEqual(said);
    expect(read("claude", JSON.stringify(claude(), null, 2))).toEqual(said);
    // All messages as a list, or as a stream of them.
    expect(read("claude", JSON.stringify([{ type: "system", subtype: "init" }, claude()]))).toEqual(said);
    expect(read("claude", lines({ type: "system" }, { type: "assistant", message: { usage: { input_tokens: 9 } } }, claude()))).toEqual(
      said,
    );
    expect(read("claude", lines(claude({ structured_output: { $status: "approved" } }))).text).toBe('{"$status":"approved"}');
  });

  test("[PRESET1] codex: the last message of its events, and what its turns took", () => {
    const events = [
      { type: "thread.started", thread_id: "0199a213" },
      { type: "turn.started" },
      { type: "item.completed", item: { id: "item_0", type: "reasoning", text: 'perhaps {"$status": "rejected"}' } },
      { type: "item.completed", item: { id: "item_1", type: "command_execution", command: "ls", aggregated_output: "{}", exit_code: 0 } },
      { type: "item.completed", item: { id: "item_2", type: "agent_message", text: '{"$status": "approved"}' } },
      { type: "turn.completed", usage: { input_tokens: 24_763, cached_input_tokens: 24_448, output_tokens: 122 } },
    ];
    expect(read("codex", `Reading prompt from stdin...\n${lines(...events)}`)).toEqual({
      text: '{"$status": "approved"}',
      usage: { tokens: { input: 24_763, output: 122, cached: 24_448 } },
    });
    const old = { type: "item.completed", item: { item_type: "assistant_message", text: "hello" } };
    expect(read("codex", lines(old)).text).toBe("hello");
  });

  test("[PRESET1] gemini: the response, and the tokens of all models that had a part", () => {
    const stats = {
      models: {
        "gemini-2.5-pro": {
          api: { totalRequests: 2 },
          tokens: { prompt: 24_939, candidates: 20, total: 25_113, cached: 21_263, thoughts: 154, tool: 0 },
        },
        "gemini-2.5-flash": { tokens: { input: 50, candidates: 5, cached: 0 } },
      },
      tools: { totalCalls: 0 },
    };
    expect(read("gemini", `Loaded cached credentials.\n${JSON.stringify({ response: "yes", stats, error: null }, null, 2)}`)).toEqual({
      text: "yes",
      usage: { tokens: { input: 24_989, output: 179, cached: 21_263 } },
    });
  });

  test("[PRESET1] ollama: the text, and the counts on stderr", () => {
    const stderr =
      "\ntotal duration:       753.5ms\nload duration:        1.03ms\nprompt eval count:    36 token(s)\nprompt eval rate:     212.45 tokens/s\neval count:           34 token(s)\n";
    expect(read("ollama", '{"$status": "approved"}\n', stderr)).toEqual({
      text: '{"$status": "approved"}\n',
      usage: { tokens: { input: 36, output: 34 } },
    });
  });

  test("[PRESET2] a program that does not say what it took, or says nonsense, has said nothing of it, and its text counts", () => {
    expect(read("claude", lines(claude({ usage: undefined, total_cost_usd: undefined }))).usage).toEqual({ tokens: undefined });
    expect(read("claude", lines(claude({ usage: { input_tokens: "many", output_tokens: -4 }, total_cost_usd: "1" }))).usage).toEqual({
      tokens: undefined,
    });
    expect(read("gemini", '{"response": "yes"}').usage).toEqual({ tokens: undefined });
    expect(read("ollama", "yes").usage).toEqual({ tokens: undefined });
    expect(read("llm", "yes")).toEqual({ text: "yes" });
    // Run as something else by --exec: what it printed is the text.
    for (const name of ["claude", "codex", "gemini"] as const) {
      expect(read(name, 'It is fine. {"$status": "approved"}')).toEqual({ text: 'It is fine. {"$status": "approved"}' });
      expect(read(name, "")).toEqual({ text: "" });
    }
  });

  test.each<[keyof typeof presets, string, string]>([
    ["claude", lines(claude({ is_error: true, result: "API Error: 429 rate_limit_error" })), "API Error: 429 rate_limit_error"],
    ["claude", lines(claude({ subtype: "error_max_turns", result: undefined })), "error_max_turns"],
    [
      "codex",
      lines(
        { type: "turn.started" },
        { type: "turn.failed", error: { message: "exceeded retry limit, last status: 429 Too Many Requests" } },
      ),
      "exceeded retry limit, last status: 429 Too Many Requests",
    ],
    ["codex", lines({ type: "thread.started" }, { type: "error", message: "stream disconnected" }), "stream disconnected"],
    ["gemini", JSON.stringify({ error: { type: "ApiError", message: "RESOURCE_EXHAUSTED", code: 429 } }), "RESOURCE_EXHAUSTED"],
  ])("[PRESET3] %s says why there is no answer: %s", (name, stdout, failure) => {
    expect(read(name, stdout).failure).toBe(failure);
  });

  test("[PRESET3] who has too much to do is told from who is wrong", () => {
    for (const said of [
      "429 Too Many Requests",
      "Overloaded",
      "rate_limit_error",
      "You exceeded your current quota",
      "Claude usage limit reached",
      "RESOURCE_EXHAUSTED",
      "HTTP 529",
    ])
      expect([said, isBusy(said)]).toEqual([said, true]);
    for (const said of ["Invalid API key", "error_max_turns", "no such model gpt-42900", "took 4290 ms"])
      expect([said, isBusy(said)]).toEqual([said, false]);
  });
});

describe("a preset", () => {
  test("[PRESET4] is the command that it stands for, with a model where one is named", () => {
    const commands = Object.entries(presets).map(([name, { command }]) => [name, command(undefined), command("m")]);
    expect(commands).toEqual([
      ["claude", "claude -p --output-format json", "claude -p --output-format json --model m"],
      ["codex", "codex exec --json --skip-git-repo-check -", "codex exec --json --skip-git-repo-check --model m -"],
      ["gemini", "gemini --output-format json", "gemini --output-format json --model m"],
      ["llm", "llm --no-stream", "llm --no-stream -m m"],
      ["ollama", "ollama run MODEL --nowordwrap --hidethinking --verbose", "ollama run m --nowordwrap --hidethinking --verbose"],
    ]);
    expect(["toString", "__proto__", "gpt"].map(findPreset)).toEqual([undefined, undefined, undefined]);
  });

  test("[PRESET5] runs a program with a prompt on stdin, keeps what it took, and answers with what is in its words", async () => {
    const took: unknown[] = [];
    const notes: string[] = [];
    const script = `let prompt = require("fs").readFileSync(0, "utf8");
      const again = prompt.includes("was not taken");
      console.error("thinking");
      console.log(JSON.stringify({ type: "result", subtype: "success", is_error: false, total_cost_usd: 0.5, usage: { input_tokens: 10, output_tokens: 1 },
        result: !again ? "I would say yes." : prompt.startsWith("You hold the role") ? "<think>{}</think> Here:\\n\`\`\`json\\n{\\"$status\\": \\"approved\\"}\\n\`\`\`" : "no" }));`;
    const handler = createProgramHandler({
      ...{ command: `node -e '${script}'`, env: process.env, prompt: "text", read: presets.claude.read },
      note: ({ what }) => notes.push(what),
    });
    expect(await perform(handler, took)).toEqual({ $status: "approved" });
    expect(took).toEqual(Array(2).fill({ tokens: { input: 10, output: 1, cached: 0 }, cost: 0.5 }));
    expect(notes).toEqual(["turn.unreadable"]);
  });

  test("[PRESET5] a limit fails the turn so that it is tried again, and says what it took all the same", async () => {
    const took: unknown[] = [];
    const print = JSON.stringify(claude({ is_error: true, result: "API Error: 429 rate_limit_error" }));
    const handler = createProgramHandler({
      command: `echo '${print}'; exit 1`,
      env: process.env,
      prompt: "text",
      read: presets.claude.read,
    });
    const failure = await perform(handler, took).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TurnFailure);
    expect(failure).toMatchObject({
      retryable: true,
      message: expect.stringContaining("The model gave no answer: API Error: 429 rate_limit_error."),
    });
    expect(took).toHaveLength(1);
    const broken = createProgramHandler({
      command: "echo 'Invalid API key' >&2; exit 1",
      env: process.env,
      prompt: "text",
      read: presets.claude.read,
    });
    await expect(perform(broken, [])).rejects.toMatchObject({
      retryable: false,
      message: "The program ended with code 1: Invalid API key",
    });
    const limited = createProgramHandler({
      command: "echo 'Error: 429 Too Many Requests' >&2; exit 1",
      env: process.env,
      prompt: "text",
      read: presets.llm.read,
    });
    await expect(perform(limited, [])).rejects.toMatchObject({ retryable: true });
  });

  test("[USAGE7] any program says what its work took by an object of $usage alone, which is no output", async () => {
    const took: unknown[] = [];
    const print = `{"$usage": {"tokens": 5}}\\n{"$status": "approved"}\\n{ "$usage" : {"tokens": {"input": 3, "output": 2}, "cost": 0.1} }`;
    const handler = createProgramHandler({ command: `printf '${print}'`, env: process.env });
    expect(await perform(handler, took)).toEqual({ $status: "approved" });
    expect(took).toEqual([{ tokens: 5 }, { tokens: { input: 3, output: 2 }, cost: 0.1 }]);
    const failing: unknown[] = [];
    const broken = createProgramHandler({ command: `printf '{"$usage": {"tokens": 5}}'; exit 1`, env: process.env });
    await expect(perform(broken, failing)).rejects.toBeInstanceOf(TurnFailure);
    expect(failing).toEqual([{ tokens: 5 }]);
    // Only alone: else it is a field of the output.
    const within: unknown[] = [];
    const field = createProgramHandler({ command: `printf '{"$status": "approved", "$usage": 3}'`, env: process.env });
    expect(await perform(field, within)).toEqual({ $status: "approved", $usage: 3 });
    expect(within).toEqual([]);
  });
});

const schema = {
  type: "object",
  properties: {
    $status: { enum: ["approved", "changes_requested"] },
    summary: { type: "string", description: "In a sentence." },
    changes: { type: "array", items: { type: "string" } },
  },
  required: ["$status", "summary"],
};
const turn = makeTurn("t1.1:1", {
  retries: 0,
  role: { name: "reviewer", description: "Reads with care.", goal: "Find faults.", procedure: "Read twice.", output: "A verdict.", schema },
  event: {
    specversion: "1.0",
    id: "s1",
    source: "/agents/bob",
    type: "pr.opened",
    time: new Date().toISOString(),
    data: { repo: "n", pr: 7 },
  },
}) as unknown as TurnAssigned;

function perform(handler: ReturnType<typeof createProgramHandler>, took: unknown[]) {
  return Promise.resolve(
    handler(turn, {
      signal: new AbortController().signal,
      progress: () => {},
      usage: (each) => took.push(each),
      onUpdate: () => {},
      send: () => Promise.reject(new Error("unused")),
      artifacts: {} as never,
    }),
  );
}

describe("the prompt", () => {
  test("[PRESET6] says who the role is, what to do, what began it, and what the answer must be", () => {
    const prompt = makePrompt(turn);
    for (const part of [
      'You hold the role "reviewer" in the workflow "code-review". Reads with care.',
      "# Your goal\n\nFind faults.",
      "# How to go about it\n\nRead twice.",
      "# What to do now\n\nReview it.",
      '"pr": 7',
      '- `$status` (one of "approved", "changes_requested", required)',
      "- `summary` (string, required): In a sentence.",
      "- `changes` (list of string)",
      '"required": [',
      "$SUSPEND",
    ])
      expect(prompt).toContain(part);
    expect(prompt).not.toContain("was not taken");
    expect(prompt).not.toContain("The answer before yours");
  });

  test("[PRESET6] tells of the answer before, a hand-over, a resume, and what was wrong last time", () => {
    const step = { round: 1, role: "author", agent: "al", output: { $status: "done" }, at: "2026-11-20T12:00:00Z" };
    const prompt = makePrompt(
      {
        ...turn,
        last: { role: "author", agent: "al", output: { $status: "done" }, body: "It is free text." },
        handover: {
          ...{ agent: "old", why: "lost", reason: "lost: silent for 4m" },
          thread: { messages: [step], total: 1, leftOut: 0 },
          turn: { turn: "t1.1:2", prompt: "Review it.", openedAt: step.at, attempts: 1 },
          progress: { agent: "old", note: "half way", details: { file: 3 }, at: step.at },
        },
        resumed: { reason: "a question", supplement: { answer: 42 } },
      },
      { errors: [{ path: "/summary", message: "is required" }], left: 1, output: {}, printed: 'I say ```{"$status"}``` so' },
    );
    for (const part of [
      "by the role author",
      "It is free text.",
      "take this over from old (lost: silent for 4m)",
      "half way",
      '"file": 3',
      "halted (a question)",
      '"answer": 42',
      "- `/summary`: is required",
      "It is the last time",
    ])
      expect(prompt).toContain(part);
    // What was printed cannot end the fence that it stands in.
    expect(prompt).toContain('````json\nI say ```{"$status"}``` so\n````');
  });

  test("[PRESET6] alternatives of a schema are told one by one", () => {
    const oneOf = [
      { properties: { $status: { const: "ok" }, n: { type: "integer" } }, required: ["n"] },
      { properties: { $status: { const: "stuck" }, why: { type: ["string", "null"] } } },
    ];
    const prompt = makePrompt({ ...turn, role: { name: "r", schema: { oneOf } } });
    expect(prompt).toContain(
      'either:\n  - `$status` ("ok", required)\n  - `n` (integer, required)\nor:\n  - `$status` ("stuck", required)\n  - `why` (string or null)',
    );
    expect(makePrompt({ ...turn, role: { name: "r", schema: true } })).not.toContain("JSON Schema");
  });
});
