/** What the command line says where there is no server, something else, or no right; and that `--json` is JSON whatever happens. */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../../../src/cli/main.ts";
import { createProblem } from "../../../src/contract/problem.ts";

const root = join(import.meta.dirname, "../../..");

async function run(args: string[], env: Record<string, string> = {}) {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { NERVEFLARE_DATA: "/nowhere", NERVEFLARE_ADMIN_TOKEN: "secret", ...env },
  });
  return { code, out, err };
}

/** Something that answers everything the same. */
async function serve(status: number, body: string): Promise<string> {
  const type = body.startsWith("{") ? "application/problem+json" : "text/html";
  const server = createServer((_, response) => response.writeHead(status, { "content-type": type }).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const calls = [
  ["status"],
  ["threads", "show", "x"],
  ["explain", "x"],
  ["agents", "list"],
  ["post", "a.b"],
  ["enrol", "x"],
  ["events", "tail"],
  ["parked"],
];

test.each(calls.map((call) => [call.join(" "), call] as const))(
  "[CLI10] %s says when what answers is no nerveflare server",
  async (_, call) => {
    const url = await serve(404, "<!DOCTYPE html>\n<p>not here</p>");
    const { code, err } = await run(call, { NERVEFLARE_URL: url });
    expect(code).toBe(1);
    expect(err).toContain(`What answers at ${url} is no nerveflare server, or something on the way to one (status 404).`);
    expect(err).toContain("The address is from NERVEFLARE_URL.");
    expect(err).not.toContain("<p>");
  },
);

test.each([
  [createProblem("unauthenticated", "This token is nobody's."), "NERVEFLARE_DATA"],
  [createProblem("forbidden", "This takes an operator's token."), "operator's token"],
  [createProblem("unavailable", "The server is starting."), "Try again later."],
])("[CLI10] says what to do about %j", async (problem, hint) => {
  const url = await serve(problem.status, JSON.stringify(problem));
  const { code, err } = await run(["status"], { NERVEFLARE_URL: url });
  expect([code, err]).toEqual([1, expect.stringContaining(hint)]);
  expect(JSON.parse((await run(["status", "--json"], { NERVEFLARE_URL: url })).err)).toMatchObject({ hint: expect.stringContaining(hint) });
});

test("[CLI10] an agent whose token is not valid says once whom to ask", async () => {
  const problem = createProblem("unauthenticated", "This token is nobody's. Ask the operator for one.");
  const url = await serve(problem.status, JSON.stringify(problem));
  const { code, err } = await run(["agent", "--exec", "true", "--token", "x", "--poll", "--url", url]);
  expect(code).toBe(1);
  expect(err.split("\n")[0]).toBe("error unauthenticated: This token is nobody's. Ask the operator for one.");
});

test("[CLI10] what failed is named without its query", async () => {
  const { err } = await run(["agents", "list"], { NERVEFLARE_URL: "http://127.0.0.1:1" });
  expect(err).toMatch(/^error Nothing answers at http:\/\/127\.0\.0\.1:1 \(GET v1\/agents: /);
});

test("[CLI10] says when a port speaks no TLS, and when a path before the API may be wrong", async () => {
  const problem = createProblem("not_found", "There is no /x/v1/status here.");
  const url = await serve(404, JSON.stringify(problem));
  expect((await run(["status"], { NERVEFLARE_URL: url.replace("http:", "https:") })).err).toContain("no TLS is spoken at that port");
  expect((await run(["status"], { NERVEFLARE_URL: `${url}/x` })).err).toContain("its path stands before each call");
});

test.each([
  ["nonsense"],
  ["agent"],
  ["agents"],
  [],
  ["threads", "--limt", "3"],
  ["agent", "--exec", "true", "--slots", "x"],
  ["completion", "csh"],
])("[CLI11] under --json a usage error is JSON too: %s %s %s %s", async (...args) => {
  const { code, out, err } = await run([...args, "--json"]);
  expect([code, out]).toEqual([2, ""]);
  expect(JSON.parse(err)).toEqual({ error: expect.not.stringMatching(/^error|^\(/), hint: expect.stringContaining("--help") });
});

test("[CLI11] completion works however the command line is started", async () => {
  for (const script of ["src/cli/main.ts", "bin/nerveflare.js"]) {
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, script), "completion", "bash"]);
    expect(stdout).toContain("complete -o default");
  }
});

test("[CLI11] publish says of a file that it cannot read what check says", async () => {
  const checked = await run(["check", "nope.yaml"]);
  expect(await run(["publish", "nope.yaml"])).toMatchObject({ code: checked.code, err: checked.err });
  expect(await run(["publish", "."])).toMatchObject({ code: 2, err: expect.stringContaining("is a folder") });
});
