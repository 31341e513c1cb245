/** That the commands which people copy from the docs and the examples run with the Node that they have, and fail in words. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { createProblem } from "../../../src/contract/problem.ts";

const root = join(import.meta.dirname, "../../..");
const files = ["README.md", "src/cli/commands/demo.ts", "docs/nerve-daemons.md", "docs/api.md", "examples/nerve-daemon/daemon.ts"];
const agents = ["announcer", "author", "host", "reporter", "triager"].map((name) => `examples/agents/${name}.ts`);

test("[DOCS1] TypeScript is run by the Node that the packages bring, which `npx node` is", () => {
  for (const file of [...files, ...agents]) {
    const commands = readFileSync(join(root, file), "utf8").match(/.*\bnode [\w./-]+\.ts.*/g) ?? [];
    for (const command of commands) expect(`${file}: ${command}`).toMatch(/npx node /);
  }
});

/** Answers at first as a server that starts, then as one that does not know the token. */
async function serve(): Promise<string> {
  let calls = 0;
  const server = createServer((_, response) => {
    const problem =
      calls++ === 0 ? createProblem("unavailable", "The server is starting.") : createProblem("unauthenticated", "This token is nobody's.");
    response.writeHead(problem.status, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("[DOCS2] the nerve daemon waits for a server that starts, and says what is wrong with its token", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const child = spawn(process.execPath, [join(root, "examples/nerve-daemon/daemon.ts"), "--state", join(folder, "state.json")], {
    cwd: root,
    env: { ...process.env, NERVEFLARE_URL: await serve(), NERVEFLARE_TOKEN: "a.b" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(code).toBe(1);
  expect(said.trim().split("\n")).toEqual([
    "unavailable: The server is starting.; again in 1000 ms",
    "unauthenticated: This token is nobody's.",
  ]);
});
