/** `nerveflare agent` as a process of its own, as people run it, against a server that speaks the protocol. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Note } from "../../src/client/index.ts";
import { createProblem } from "../../src/contract/problem.ts";
import { type FakeServer, type Sent, startFakeServer, token } from "../unit/client/fake-server.ts";
import { makeOffer, makeTurn } from "../unit/client/fixture.ts";
import { createSignal } from "../unit/client/signal.ts";

const bin = join(import.meta.dirname, "../../bin/nerveflare.js");
const isResponse = ({ type }: Sent) => type === "nerve.turn.respond";

async function createFake(): Promise<FakeServer> {
  const server = await startFakeServer();
  onTestFinished(() => server.stop());
  return server;
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Starts an agent that runs `command` for each turn. */
function startAgent(server: FakeServer, command: string, ...options: string[]) {
  const child: ChildProcess = spawn(process.execPath, [bin, "agent", "--json", "--exec", command, ...options], {
    env: { ...process.env, NERVEFLARE_URL: server.url, NERVEFLARE_TOKEN: token },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const notes: Note[] = [];
  const { notify, until } = createSignal();
  const ended = once(child, "exit") as Promise<[number | null, string | null]>;
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      notes.push(JSON.parse(line) as Note);
      notify();
    });
  }
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, notes, ended, noted: (what: string) => until(() => notes.some((note) => note.what === what)) };
}

describe("nerveflare agent", () => {
  test("[EXEC18] claims what it is told to, runs the program for each turn, and ends well at SIGTERM", async () => {
    const server = await createFake();
    const agent = startAgent(
      server,
      `node -e 'process.stdin.on("data", (d) => console.log(JSON.stringify({ $status: "approved", said: JSON.parse(d).prompt })))'`,
      "--claim",
      "code-review/*",
    );
    server.give("nerve.offer.opened", makeOffer("t9:0:1", { workflow: "debate" }), { channel: "open" });
    server.give("nerve.offer.opened", makeOffer("t1:0:1"), { channel: "open" });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.answered");
    await agent.noted("offer.claim");
    expect(server.accepted.filter(isResponse)).toMatchObject([{ data: { output: { $status: "approved", said: "Review it." } } }]);
    expect(server.accepted.filter(({ type }) => type === "nerve.offer.claim").map(({ data }) => data["offer"])).toEqual(["t1:0:1"]);
    agent.child.kill("SIGTERM");
    expect(await agent.ended).toEqual([0, null]);
    expect(server.unacknowledged()).toEqual([]);
  });

  test("[EXEC18] at SIGTERM lets a running turn finish", async () => {
    const server = await createFake();
    // The program ends when what it is connected to does.
    const program = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void program.close());
    await once(program, "listening");
    const { port } = program.address() as AddressInfo;
    const agent = startAgent(server, `node -e 'require("net").connect(${port}, "127.0.0.1").pipe(process.stdout)'`);
    server.give("nerve.turn.assigned", makeTurn());
    const [socket] = (await once(program, "connection")) as [Socket];
    agent.child.kill("SIGTERM");
    await agent.noted("closing");
    socket.end('{"ok":true}');
    expect(await agent.ended).toEqual([0, null]);
    expect(server.accepted.filter(isResponse)).toHaveLength(1);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("[CLOSE3] at %s gives back the role that it holds and does not perform", async (signal) => {
    const server = await createFake();
    server.me.rolesHeld = [
      { thread: "t7", workflow: "code-review", role: "reviewer", type: "open", lease: { generation: 2, expires: null } },
    ];
    const agent = startAgent(server, "true");
    await agent.noted("connected");
    agent.child.kill(signal);
    expect(await agent.ended).toEqual([0, null]);
    expect(server.accepted.filter(({ type }) => type === "nerve.role.release")).toMatchObject([
      { data: { thread: "t7", role: "reviewer", lease: 2 } },
    ]);
  });

  test("[CLOSE4] with --keep, gives nothing back", async () => {
    const server = await createFake();
    server.me.rolesHeld = [
      { thread: "t7", workflow: "code-review", role: "reviewer", type: "open", lease: { generation: 2, expires: null } },
    ];
    const agent = startAgent(server, "true", "--keep");
    await agent.noted("connected");
    agent.child.kill("SIGTERM");
    expect(await agent.ended).toEqual([0, null]);
    expect(server.accepted.filter(({ type }) => type === "nerve.role.release")).toEqual([]);
  });

  test("[RESUME6] a thread that is resumed with a supplement has the program run again with it", async () => {
    const server = await createFake();
    const program = `const turn = JSON.parse(require("fs").readFileSync(0, "utf8")); if (turn.resumed) console.log(JSON.stringify({ said: turn.resumed.supplement })); else { console.error("began"); setInterval(() => {}, 1000); }`;
    const agent = startAgent(server, `node -e '${program}'`);
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    server.give("nerve.turn.assigned", makeTurn("t1.1:1", { resumed: { reason: "asked", supplement: "be kind" } }));
    await agent.noted("turn.answered");
    expect(server.accepted.filter(isResponse)).toMatchObject([{ data: { output: { said: "be kind" } } }]);
  });

  test("[EXEC19] runs the program again with the errors when its output is refused", async () => {
    const server = await createFake();
    server.judge = (event) =>
      isResponse(event) && !(event.data["output"] as { summary?: string }).summary
        ? createProblem("output_invalid", "The output does not fit.", { errors: [{ path: "/summary", message: "is required" }], left: 2 })
        : undefined;
    const program = `const { invalid } = JSON.parse(require("fs").readFileSync(0, "utf8")); console.log(JSON.stringify({ summary: invalid?.errors[0].message }))`;
    startAgent(server, `node -e '${program}'`);
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.accepted.some(isResponse));
    expect(server.accepted.filter(isResponse)).toMatchObject([{ data: { output: { summary: "is required" } } }]);
  });

  test("[EXEC19] killed after its answer was made, does not run the program again when it is back", async () => {
    const server = await createFake();
    const state = join(await createFolder(), "answers");
    server.judge = (event) => (isResponse(event) ? "lost" : undefined);
    const first = startAgent(server, `echo '{"run":1}'`, "--state", state);
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.accepted.some(isResponse));
    first.child.kill("SIGKILL");
    await first.ended;
    server.judge = () => undefined;
    startAgent(server, `echo '{"run":2}'`, "--state", state);
    await server.until(() => server.unacknowledged().length === 0);
    const answers = server.posted.filter(isResponse);
    expect(answers).toHaveLength(2);
    expect(answers[1]).toEqual(answers[0]);
  });

  test("[EXEC20] says what to do when its token is not valid, and fails", async () => {
    const server = await createFake();
    const child = spawn(process.execPath, [bin, "agent", "--exec", "true", "--url", server.url, "--token", "wrong"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part));
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(1);
    expect(said).toContain("nerveflare agents add");
  });
});
