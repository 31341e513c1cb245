import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultUrl, findServer } from "../../../src/cli/lib/find-server.ts";
import { runCli } from "../../../src/cli/main.ts";
import { identifyProcess, type ProcessIdentity } from "../../../src/local-server/process-identity.ts";
import { createFixture } from "../client/fixture.ts";
import { createFolder } from "./run.ts";

/** Runs a command line and gives what it wrote. */
async function run(args: string[], env: Record<string, string> = {}) {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { NERVEFLARE_DATA: "/nowhere", ...env },
  });
  return { code, out, err };
}

describe("the command line", () => {
  test("[CLI3] --help lists every command and ends well", async () => {
    const { code, out } = await run(["--help"]);
    expect(code).toBe(0);
    for (const name of ["start", "publish", "agents", "agent", "post", "threads", "events"])
      expect(out).toMatch(new RegExp(`^ +${name} `, "m"));
  });

  test("[CLI3] --version is the package's", async () => {
    expect(await run(["--version"])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test.each(["agent", "publish", "post"])("[CLI3] %s --help says the same as help and the name", async (name) => {
    const { code, out } = await run([name, "--help"]);
    expect(code).toBe(0);
    expect(out).toContain("--url");
    expect((await run(["help", name])).out).toBe(out);
  });

  test("[CLI4] a command that does not exist is a usage error with the nearest name", async () => {
    expect(await run(["agnets"])).toMatchObject({ code: 2, err: expect.stringContaining("Did you mean agents?") });
  });

  test.each([
    ["threads", "shw", "show"],
    ["threads", "rol", "role"],
    ["workflows", "withdarw", "withdraw"],
    ["agents", "rmeove", "remove"],
    ["operators", "lst", "list"],
    ["profiles", "addd", "add"],
    ["webhooks", "romove", "remove"],
    ["dead-letters", "rety", "retry"],
  ])("[CLI17] %s %s is a usage error with the nearest of the group's commands", async (group, word, meant) => {
    expect(await run([group, word])).toMatchObject({ code: 2, err: expect.stringContaining(`Did you mean ${meant}?`) });
    const json = await run([group, word, "--json"]);
    expect([json.code, JSON.parse(json.err || json.out).error]).toEqual([2, expect.stringContaining(`Did you mean ${meant}?`)]);
  });

  test("[CLI17] a word that is near to none is told which there are, and one too many for a command is told as such", async () => {
    expect(await run(["profiles", "zzz"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown command 'zzz'\n(There are add, list,"),
    });
    expect(await run(["threads", "show", "a", "b"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("too many arguments for 'show'. Expected 1 argument but got 2."),
    });
  });

  test.each([
    ["compile", "README.md"],
    ["draw", "picture.svg"],
  ])("[CLI18] %s --out %s is no folder that somebody meant", async (command, out) => {
    const { code, err } = await run([command, "workflows/code-review.yaml", "--out", out]);
    expect([code, err]).toEqual([2, expect.stringContaining(`${out} is the name of a file`)]);
    expect(existsSync(out)).toBe(out === "README.md");
  });

  test.each([
    [["agent"], "--exec"],
    [["agent", "--exec", "true", "--claim", "reviewer"], "code-review/reviewer"],
    [["agent", "--exec", "true", "--timeout", "soon"], "30s"],
    [["agent", "--exec", "true", "--slots", "-1"], "whole number"],
    [["agent", "--exec", "true"], "NERVEFLARE_TOKEN"],
    [["agent", "--exec", "./no-such-program", "--token", "x"], "There is no file ./no-such-program"],
    [["agent", "--exec", "true", "--token", "x", "--state", "/nowhere/at/all"], "in a folder that exists"],
    [["agent", "--exec", "true", "--token", "x", "--state", "."], "Give a file that can be written"],
    [["agent", "--chaos"], "an agent of your own after --"],
    [["agent", "--exec", "true", "--", "node"], "Both --exec and a program (node)"],
    [["agent", "--", "node", "my-agent.js"], "with --chaos only"],
    [["agent", "--chaos-faults", "cust,delays", "--", "node"], 'no fault "cust"; is cuts meant?'],
    [["agent", "--chaos-faults", "halfopen", "--", "node"], "is half-open meant?"],
    [["agent", "--chaos-seed", "soon", "--", "node"], "whole number"],
    [["agent", "--chaos-seed", "-1", "--", "node"], "whole number"],
    [["agent", "--chaos-every", "1ms", "--", "node"], "from 100ms"],
    [["events"], "NERVEFLARE_ADMIN_TOKEN"],
    [["events", "--token", "x", "--url", "ftp://x"], "http://127.0.0.1:8787"],
    [["post", "a.b", "--token", "x", "--data", "{"], "--data is no JSON"],
  ])("[CLI4] %j is a usage error that says what to give", async (args, hint) => {
    expect(await run(args)).toMatchObject({ code: 2, err: expect.stringContaining(hint) });
  });

  test("[CLI5] a server that is away is said so, with what to do; under --json in JSON", async () => {
    const { server } = await createFixture();
    await server.stop();
    const args = ["events", "--token", "x", "--url", server.url];
    expect(await run(args)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Nothing answers at .*ECONNREFUSED[\s\S]*nerveflare start/),
    });
    expect(JSON.parse((await run([...args, "--json"])).err)).toMatchObject({
      error: expect.stringContaining("Nothing answers"),
      hint: expect.any(String),
    });
  });

  test("[CLI5] a server that is away ends `agent --chaos` before its program starts", async () => {
    const { server } = await createFixture();
    await server.stop();
    expect(await run(["agent", "--chaos", "--url", server.url, "--", "false"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Nothing answers at .*ECONNREFUSED/),
    });
  });

  test("[CLI5] a refusal shows its number, code and detail, and what to do", async () => {
    const { server } = await createFixture();
    const { code, err } = await run(["events", "--token", "wrong", "--url", server.url]);
    expect(code).toBe(1);
    expect(err).toMatch(/NRV8004 unauthenticated: This token is nobody's\.\n {2}The token is not valid here/);
  });

  test("[CLI13] who names no server gets the one that runs on the data folder, on whatever port", async () => {
    const { server } = await createFixture();
    const { token } = await import("../client/fake-server.ts");
    const { folder, write } = createFolder();
    const serves = (url: string, of: ProcessIdentity | null) => write("server.json", JSON.stringify({ server: of, workerd: null, url }));
    const post = (env: Record<string, string> = {}) =>
      run(["post", "pr.opened", "--id", "x3"], { NERVEFLARE_DATA: folder, NERVEFLARE_ADMIN_TOKEN: token, ...env });
    const self = identifyProcess(process.pid);
    serves(server.url, self);
    expect(await post()).toMatchObject({ code: 0, out: "accepted x3\n" });
    await server.stop();
    expect(await post()).toMatchObject({ code: 1, err: expect.stringContaining(`${server.url} `) });
    expect((await post()).err).toContain(`The address is from the server of ${folder}.`);
    expect(await run(["init", "--code", "x"], { NERVEFLARE_DATA: folder, NERVEFLARE_CONFIG_DIR: folder })).toMatchObject({
      code: 1,
      err: expect.stringContaining(`${server.url} `),
    });
    expect((await post({ NERVEFLARE_URL: "http://127.0.0.1:1" })).err).toContain("127.0.0.1:1 ");

    // Nothing of these gets the token.
    const choose = () => findServer({}, { NERVEFLARE_DATA: folder, NERVEFLARE_CONFIG_DIR: folder }).url;
    expect(choose()).toBe(server.url);
    serves("http://192.0.2.1:8787", self);
    expect(choose()).toBe(defaultUrl);
    serves("http://127.0.0.1@192.0.2.1:8787", self);
    expect(choose()).toBe(defaultUrl);
    serves(server.url, { pid: process.pid, started: "in another life" });
    expect(choose()).toBe(defaultUrl);
    write("server.json", "not JSON");
    expect(choose()).toBe(defaultUrl);
  });

  test("[CLI6] post sends an event and shows what came of it", async () => {
    const { server } = await createFixture();
    const { token } = await import("../client/fake-server.ts");
    const env = { NERVEFLARE_URL: server.url, NERVEFLARE_ADMIN_TOKEN: token };
    expect(await run(["post", "pr.opened", "--data", '{"pr": 7}', "--to", "cap:review", "--id", "x1"], env)).toMatchObject({
      code: 0,
      out: "accepted x1\n",
    });
    expect(server.accepted).toEqual([{ specversion: "1.0", id: "x1", type: "pr.opened", to: "cap:review", data: { pr: 7 } }]);
    const { out } = await run(["post", "pr.opened", "--id", "x2", "--json"], env);
    expect(JSON.parse(out)).toEqual({ id: "x2", status: "accepted", threads: [], notes: [] });
  });
});
