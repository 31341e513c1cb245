/** The programs of `--exec`: how often they run, how they end, and what people are told. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { InvalidAnswer, Note, TurnAssigned } from "../../../src/client/index.ts";
import { createProgramHandler } from "../../../src/exec/create-program-handler.ts";
import { findMissingProgram } from "../../../src/exec/find-program.ts";
import { runProgram } from "../../../src/exec/run-program.ts";
import { makeTurn } from "../../unit/client/fixture.ts";

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A handler that runs `script` in Node, where `run` is the number of this run and `turn` what it was given. */
async function createHandler(script: string, more: Partial<TurnAssigned> = {}) {
  const runs = join(await createFolder(), "runs");
  const file = `${runs}.cjs`;
  await writeFile(
    file,
    `const fs = require("fs"); const turn = JSON.parse(fs.readFileSync(0, "utf8"));
     fs.appendFileSync(${JSON.stringify(runs)}, JSON.stringify(turn.invalid ?? null) + "\\n");
     const run = fs.readFileSync(${JSON.stringify(runs)}, "utf8").split("\\n").length - 1;
     ${script}`,
  );
  const notes: Note[] = [];
  const handler = createProgramHandler({ command: `node ${file}`, env: process.env, note: (note) => notes.push(note) });
  const turn = {
    ...(makeTurn("t1.1:1", { retries: 0, role: { name: "reviewer", schema: { required: ["vote"] } } }) as unknown as TurnAssigned),
    ...more,
  };
  const { signal } = new AbortController();
  return {
    notes,
    perform: async (invalid?: InvalidAnswer) =>
      handler(turn, {
        signal,
        progress: () => {},
        usage: () => {},
        onUpdate: () => {},
        send: () => Promise.reject(new Error("unused")),
        artifacts: {} as never,
        ...(invalid ? { invalid } : {}),
      }),
    given: async () =>
      (await readFile(runs, "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
  };
}

describe("output that cannot be read", () => {
  test("[EXEC7] is handed back to the program, with what it printed, and may be answered again", async () => {
    const { perform, given, notes } = await createHandler(
      `console.log(run === 1 ? "Let me think." : run === 2 ? '{"vote": 1,}' : JSON.stringify({ vote: turn.invalid.left }))`,
    );
    expect(await perform()).toEqual({ vote: 1 });
    expect(await given()).toEqual([
      null,
      {
        errors: [{ path: "", message: expect.stringContaining('It ended with "Let me think.". Print one with "vote".') }],
        ...{ left: 2, output: {}, printed: "Let me think.\n" },
      },
      {
        errors: [{ path: "", message: expect.stringContaining("a comma stands before the closing }") }],
        ...{ left: 1, output: {}, printed: '{"vote": 1,}\n' },
      },
    ]);
    expect(notes).toMatchObject([
      { what: "turn.unreadable", message: expect.stringContaining("(2 left)"), turn: "t1.1:1" },
      { what: "turn.unreadable", message: expect.stringContaining("(1 left)"), turn: "t1.1:1" },
    ]);
  });

  test("[EXEC7] for the third time fails the turn with the last reason", async () => {
    const { perform, given } = await createHandler(`console.error("no model"); console.log("run " + run)`);
    await expect(perform()).rejects.toMatchObject({
      message: expect.stringMatching(/It ended with "run 3".*On stderr: no model/),
      retryable: false,
    });
    expect(await given()).toHaveLength(3);
  });

  test("[EXEC7] counts together with what the server refused", async () => {
    const { perform, given } = await createHandler(`console.log(run === 2 ? '{"vote": 1}' : "")`);
    expect(await perform()).toEqual({ vote: 1 });
    const refused = { errors: [{ path: "/vote", message: "is no text" }], left: 2, output: { vote: 1 } };
    await expect(perform(refused)).rejects.toThrow("It printed nothing.");
    expect(await given()).toMatchObject([null, { left: 2 }, { left: 1, output: { vote: 1 } }]);
  });

  test("[EXEC7] leaves no answer where the server refused the last", async () => {
    const { perform, given } = await createHandler(`console.log(run === 3 ? '{"vote": 1}' : "")`);
    await perform();
    const refused = { errors: [{ path: "/vote", message: "is no text" }], left: 2, output: { vote: 1 } };
    await expect(perform(refused)).rejects.toThrow("the last was refused: /vote: is no text");
    expect(await given()).toHaveLength(3);
  });
});

describe("a program's exit code", () => {
  test.each([
    [{}, 75, /^The program ended with code 75 \(try again\), but the role reviewer allows no retries.*turn: \{retries: 3\}/, true],
    [{ retries: undefined }, 75, /^The program ended with code 75: busy$/, true],
    [{ retries: 2 }, 75, /^The program ended with code 75: busy$/, true],
    [{}, 127, /code 127 \(the shell found no such program\): busy/, false],
    [{}, 126, /code 126 .*chmod \+x/, false],
    [{}, 143, /code 143 \(128 \+ SIGTERM\): busy/, false],
    [{}, 3, /^The program ended with code 3: busy$/, false],
  ])("[EXEC8] of a turn with %j, %d says whether it may be tried again", async (more, code, message, retryable) => {
    const { perform } = await createHandler(`console.error("busy"); process.exit(${code})`, more);
    await expect(perform()).rejects.toMatchObject({ message: expect.stringMatching(message), retryable });
  });
});

const waiting = { timeout: 20_000, interval: 100 };

describe("a program", () => {
  const run = (command: string, options: { timeoutMs?: number; signal?: AbortSignal; input?: string } = {}) =>
    runProgram({ command, input: "{}\n", env: process.env, signal: new AbortController().signal, ...options });

  test("[EXEC9] may print a character in two parts", async () => {
    const script = `const bytes = Buffer.from("é"); process.stdout.write(bytes.subarray(0, 1), () => setTimeout(() => process.stdout.write(bytes.subarray(1)), 50));`;
    expect(await run(`node -e '${script}'`)).toMatchObject({ code: 0, stdout: "é", cut: false });
  });

  test("[EXEC9] keeps the end of what it prints, and says so", async () => {
    const { stdout, cut } = await run(`node -e 'process.stdout.write("x".repeat(5e6) + "end")'`);
    expect({ cut, length: stdout.length, end: stdout.slice(-3) }).toEqual({ cut: true, length: 1024 * 1024, end: "end" });
  });

  test("[EXEC9] may read nothing of a long turn", async () => {
    expect(await run("exec <&-; echo ok", { input: "x".repeat(4e6) })).toMatchObject({ code: 0, stdout: "ok\n" });
  });

  test("[EXEC9] that closes its output goes on until it ends", async () => {
    expect(await run("echo first; exec >&- 2>&-; sleep 0.3; exit 7")).toMatchObject({ code: 7, stdout: "first\n" });
  });

  test("[EXEC9] keeps stderr apart", async () => {
    expect(await run(`echo '{"ok":true}' >&2`)).toMatchObject({ stdout: "", stderr: '{"ok":true}\n' });
  });

  test("[EXEC10] at its timeout, and when its turn is revoked, is killed with what it started and does not listen", async () => {
    const folder = await createFolder();
    const perform = async (how: "timeout" | "abort") => {
      const file = join(folder, how);
      const stubborn = `trap "" TERM; echo $$ > ${file}; while :; do sleep 0.1; done`;
      const controller = new AbortController();
      const running = run(`sh -c '${stubborn}' >/dev/null 2>&1 & wait`, {
        signal: controller.signal,
        ...(how === "timeout" ? { timeoutMs: 2_000 } : {}),
      });
      const pid = await vi.waitFor(async () => {
        const text = (await readFile(file, "utf8")).trim();
        expect(text).not.toBe("");
        return Number(text);
      }, waiting);
      if (how === "abort") controller.abort();
      expect(await running).toMatchObject({ signal: "SIGTERM", timedOut: how === "timeout" });
      await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), waiting);
    };
    await Promise.all([perform("timeout"), perform("abort")]);
  });

  test.each([
    ["one that listens", "sleep 600", ""],
    ["one that does not listen", "while :; do sleep 0.1; done", "trap '' TERM; "],
  ])("[EXEC10] ends with the process that runs it: %s", async (_, work, trap) => {
    const file = join(await createFolder(), "pid");
    const module = join(import.meta.dirname, "../../../src/exec/run-program.ts");
    const command = `${trap}echo $$ > ${file}; ${work}`;
    const parent = `import(${JSON.stringify(module)}).then(({ runProgram }) => {
      runProgram({ command: ${JSON.stringify(command)}, input: "", env: process.env, signal: new AbortController().signal });
      setInterval(() => require("fs").existsSync(${JSON.stringify(file)}) && process.exit(1), 20);
    })`;
    await writeFile(`${file}.cjs`, parent);
    expect(await run(`node ${file}.cjs`)).toMatchObject({ code: 1 });
    const pid = Number(await readFile(file, "utf8"));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), waiting);
  });

  test("[EXEC10] says so when no shell can be started", async () => {
    const long = "x".repeat(4 * 1024 * 1024);
    await expect(run(`echo ${long}`)).rejects.toThrow(/^The program could not be started: /);
  });
});

describe("--exec", () => {
  test.each([
    "echo ok",
    "cat",
    "exit 3",
    "  true",
    "FOO=1 nothing-such",
    "'quoted' x",
    "$SHELL -c x",
    "if true; then cat; fi",
    "(cat)",
    "/bin/sh -c cat",
  ])("[EXEC11] %j can run, or is the shell's to judge", (command) => expect(findMissingProgram(command, process.env)).toBeUndefined());

  test("[EXEC11] of what is not there is refused at the start, with what to do", async () => {
    const folder = await createFolder();
    const file = join(folder, "review.sh");
    expect(findMissingProgram(`${file} --fast`, process.env)).toMatchObject({
      message: expect.stringContaining(`There is no file ${file}`),
    });
    await writeFile(file, "#!/bin/sh\n");
    expect(findMissingProgram(file, process.env)).toMatchObject({
      message: expect.stringContaining("not executable"),
      hint: expect.stringContaining(`chmod +x ${file}`),
    });
    await chmod(file, 0o700);
    expect(findMissingProgram(file, process.env)).toBeUndefined();
    expect(findMissingProgram("no-such-program-here -v", process.env)).toMatchObject({
      message: expect.stringContaining("no program no-such-program-here in PATH"),
    });
    expect(findMissingProgram("package.json", process.env)).toMatchObject({ hint: expect.stringContaining("--exec ./package.json") });
    expect(findMissingProgram(" ", process.env)).toMatchObject({ message: "--exec is empty." });
  });
});

test.each<[string, string]>([
  ["UTF-16, as PowerShell writes it", "Buffer.from('\\ufeff' + text, 'utf16le')"],
  ["UTF-16 without its mark", "Buffer.from(text, 'utf16le')"],
  ["UTF-16, the other way round", "Buffer.from('\\ufeff' + text, 'utf16le').swap16()"],
  ["UTF-8 with its mark", "Buffer.from('\\ufeff' + text)"],
  ["UTF-8 with bytes that are 0", "Buffer.concat([Buffer.alloc(2), Buffer.from(text)])"],
])("[EXEC14] reads %s", async (_, bytes) => {
  const { perform } = await createHandler(
    `const text = 'done\\r\\n{"vote": "yes", "why": "déjà vu"}\\r\\n'; process.stdout.write(${bytes})`,
  );
  expect(await perform()).toEqual({ vote: "yes", why: "déjà vu" });
});
