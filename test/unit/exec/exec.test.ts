import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readClaims } from "../../../src/cli/lib/read-claims.ts";
import type { KeptAnswer, TurnAssigned } from "../../../src/client/index.ts";
import { clientLimits } from "../../../src/client/limits.ts";
import { createFileJournal } from "../../../src/exec/create-file-journal.ts";
import { createProgramHandler } from "../../../src/exec/create-program-handler.ts";
import { readOutput } from "../../../src/exec/read-output.ts";
import { makeTurn } from "../client/fixture.ts";

const turn = makeTurn() as unknown as TurnAssigned;
const never = new AbortController().signal;

/** Runs a shell command as the handler of a turn. */
async function perform(command: string, options: { signal?: AbortSignal; timeoutMs?: number; invalid?: never } = {}) {
  const { signal = never, timeoutMs, invalid } = options;
  const handler = createProgramHandler({ command, env: { ...process.env, NERVEFLARE_ADMIN_TOKEN: "secret" }, timeoutMs });
  return handler(turn, {
    signal,
    progress: () => {},
    usage: () => {},
    onUpdate: () => {},
    send: () => Promise.reject(new Error("unused")),
    artifacts: {} as never,
    ...(invalid ? { invalid } : {}),
  });
}

describe("a program", () => {
  test("[EXEC15] gets the turn on stdin and in its environment, without the operator's secret", async () => {
    const seen = await perform(`node -e '
      const turn = JSON.parse(require("fs").readFileSync(0, "utf8"));
      const { NERVEFLARE_TURN, NERVEFLARE_ROLE, NERVEFLARE_WORKFLOW, NERVEFLARE_THREAD, NERVEFLARE_ADMIN_TOKEN } = process.env;
      console.log(JSON.stringify({ turn, env: [NERVEFLARE_TURN, NERVEFLARE_ROLE, NERVEFLARE_WORKFLOW, NERVEFLARE_THREAD], secret: NERVEFLARE_ADMIN_TOKEN ?? "none" }));
    '`);
    expect(seen).toEqual({ turn, env: ["t1.1:1", "reviewer", "code-review", "t1"], secret: "none" });
  });

  test("[EXEC15] that is run again is told what was invalid", async () => {
    const invalid = { errors: [{ path: "/summary", message: "is required" }], left: 2, output: {} };
    expect(await perform("cat", { invalid: invalid as never })).toMatchObject({ turn: "t1.1:1", invalid });
  });

  test("[EXEC9] may read nothing, and print more than a pipe holds", async () => {
    expect(await perform(`node -e 'console.log("x".repeat(3e6)); console.log(JSON.stringify({ ok: true }))'`)).toEqual({ ok: true });
  });

  test.each([
    ["echo 'no such branch' >&2; exit 3", "The program ended with code 3: no such branch", false],
    ["exit 1", "The program ended with code 1, and said nothing on stderr.", false],
    ["exit 75", "The program ended with code 75", true],
    ["kill -9 $$", "The program was ended by SIGKILL", false],
    ["echo done", 'The program printed no JSON object on stdout, such as {"$status": "done"}. It ended with "done".', false],
    ["true", "It printed nothing.", false],
  ])("[EXEC8] %j fails the turn", async (command, message, retryable) => {
    await expect(perform(command)).rejects.toMatchObject({ message: expect.stringContaining(message), retryable });
  });

  test("[EXEC10] that takes too long is ended with all that it started", async () => {
    await expect(perform("sleep 60 | sleep 60", { timeoutMs: 50 })).rejects.toThrow("took longer than 50 ms");
  });

  test("[EXEC10] ends by SIGTERM when its turn is revoked", async () => {
    const controller = new AbortController();
    const running = perform(`trap 'echo stopping >&2; exit 9' TERM; echo ready >&2; while :; do sleep 0.01; done`, {
      signal: controller.signal,
    });
    controller.abort();
    await expect(running).rejects.toThrow(/ended/);
  });

  test("[EXEC9] that leaves a daemon holding its pipes is not waited for", async () => {
    expect(await perform(`sleep 60 & echo '{"ok":true}'`)).toEqual({ ok: true });
  });
});

describe("an output", () => {
  test.each([
    ['{"a":1}', { a: 1 }],
    ['\n{\n  "a": 1\n}\n', { a: 1 }],
    ['thinking…\n{"a":1}\n{"a":2}\ndone\n', { a: 2 }],
    ['{"a":1}\n[1]\n"x"\n5\n', { a: 1 }],
  ])("[EXEC1] is found in %j", (text, output) => expect(readOutput(text)).toEqual({ ok: true, output }));
});

describe("--claim", () => {
  test.each([
    ["all", true],
    ["none", false],
    ["code-review/reviewer", true],
    ["debate/*, */reviewer", true],
    ["code-review/author", false],
  ])("[EXEC16] %s", (text, claims) => expect(readClaims(text)("code-review", "reviewer")).toBe(claims));
});

describe("a journal in a file", () => {
  const keepTurn = (turn: string, generation = 1): KeptAnswer => ({
    turn,
    generation,
    event: { specversion: "1.0", id: `answer:${turn}`, type: "nerve.turn.respond" },
  });

  async function createPath() {
    const folder = await mkdtemp(join(tmpdir(), "nerveflare-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    return join(folder, "answers");
  }

  test("[EXEC17] gives the next process what was kept, the latest of each turn, without what was forgotten", async () => {
    const path = await createPath();
    const journal = createFileJournal(path);
    expect(await journal.load()).toEqual([]);
    await Promise.all([journal.keep(keepTurn("a")), journal.keep(keepTurn("b")), journal.keep(keepTurn("c"))]);
    await journal.keep(keepTurn("a", 2));
    await journal.forget("b");
    expect(await createFileJournal(path).load()).toEqual([keepTurn("c"), keepTurn("a", 2)]);
  });

  test("[EXEC17] survives a crash in the middle of a line", async () => {
    const path = await createPath();
    const journal = createFileJournal(path);
    await journal.keep(keepTurn("a"));
    await appendFile(path, '{"keep":{"turn":"b","gen');
    const next = createFileJournal(path);
    expect(await next.load()).toEqual([keepTurn("a")]);
    await next.keep(keepTurn("c"));
    expect(await createFileJournal(path).load()).toEqual([keepTurn("a"), keepTurn("c")]);
  });

  test("[EXEC13] leaves alone a file that holds something else", async () => {
    const path = await createPath();
    for (const text of ["notes\nof mine\n", '{"name": "package"}\n', "[1]\n5\nnull\n"]) {
      await writeFile(path, text);
      await expect(createFileJournal(path).load()).rejects.toThrow("it holds something else than answers");
      expect(await readFile(path, "utf8")).toBe(text);
    }
    for (const text of ["\n", "{", '{"kee', '{"keep":{"turn":"b","gen', '{"forget":"t1']) {
      await writeFile(path, text);
      expect(await createFileJournal(path).load()).toEqual([]);
    }
  });

  test("[EXEC17] stays bounded", async () => {
    const path = await createPath();
    const journal = createFileJournal(path);
    const many = Array.from({ length: clientLimits.answers * 2 + 10 }, (_, number) => keepTurn(`t${number}`));
    await Promise.all(many.map((answer) => journal.keep(answer)));
    expect((await readFile(path, "utf8")).split("\n").length).toBeLessThanOrEqual(clientLimits.answers * 2);
    expect(await createFileJournal(path).load()).toEqual(many.slice(-clientLimits.answers));
  });
});
