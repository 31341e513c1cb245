/** Commands about who is who, against the HTTP app: agents, codes, profiles, operators, the audit, completion. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { commands, runCli } from "../../../src/cli/main.ts";
import { adminToken } from "../worker/test-app.ts";
import { serveApp } from "./serve-app.ts";

/** A command line's user: with an empty folder for the file of profiles. */
function createUser(env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "config", "config.json");
  return {
    folder,
    file,
    readConfig: () => JSON.parse(readFileSync(file, "utf8")),
    async run(...args: string[]) {
      let out = "";
      let err = "";
      const code = await runCli(args, {
        stdout: { write: (text) => (out += text) },
        stderr: { write: (text) => (err += text) },
        env: { NERVEFLARE_DATA: "/nowhere", NERVEFLARE_CONFIG_DIR: join(folder, "config"), ...env },
      });
      return { code, out, err, json: () => JSON.parse(out) };
    },
  };
}

describe("agents", () => {
  test("[IDENT19] are added, shown, rotated, revoked and removed", async () => {
    const app = await serveApp();
    const { run } = createUser({ NERVEFLARE_URL: app.url, NERVEFLARE_ADMIN_TOKEN: adminToken });
    const added = await run("agents", "add", "alice", "--capability", "review", "--kind", "pr.opened");
    expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^alice\.\S{43}\n$/) });
    const shown = await run("agents", "show", "alice");
    expect(shown.out).toMatch(/^capabilities +review$/m);
    expect(shown.out).toMatch(/^roles +all$/m);
    expect((await run("agents", "show", "alice", "--json")).json()).toMatchObject({ id: "alice", kinds: ["pr.opened"] });

    const rotated = await run("agents", "rotate", "alice", "--overlap", "10m");
    expect(rotated).toMatchObject({ code: 0, out: expect.stringMatching(/^alice\.\S{43}\n$/), err: expect.stringContaining("12:10:00") });
    expect(app.objects.calls.at(-1)).toMatchObject({ method: "rotate", args: [expect.any(String), 600_000] });
    await run("agents", "rotate", "alice", "--overlap", "0");
    expect(app.objects.calls.at(-1)).toMatchObject({ method: "rotate", args: [expect.any(String), 0] });
    expect(await run("agents", "rotate", "alice", "--overlap", "soon")).toMatchObject({ code: 2, err: expect.stringContaining("10m") });

    expect(await run("agents", "revoke", "alice")).toMatchObject({ code: 0, out: "revoked alice\n" });
    expect((await app.call("GET", "/v1/me", { token: rotated.out.trim() })).status).toBe(401);
    expect(await run("agents", "remove", "alice")).toMatchObject({ code: 0, out: "removed alice\n" });
    expect(await run("agents", "show", "alice")).toMatchObject({ code: 1, err: expect.stringContaining("There is no agent alice") });
  });
});

describe("a new machine", () => {
  test("[IDENT20] registers by a code and keeps the token where only its owner reads it", async () => {
    const app = await serveApp();
    const operator = createUser({ NERVEFLARE_URL: app.url, NERVEFLARE_ADMIN_TOKEN: adminToken });
    const enrolled = await operator.run("enrol", "builder", "--capability", "build", "--expires", "30m");
    expect(enrolled).toMatchObject({ code: 0, out: expect.stringMatching(/^npx nerveflare init --url \S+ --code \S{32}\n$/) });
    expect(enrolled.err).toContain("12:30:00");

    const machine = createUser();
    const initialized = await machine.run(...enrolled.out.trim().split(" ").slice(2));
    expect(initialized).toMatchObject({ code: 0, out: expect.stringContaining("nerveflare agent --profile builder") });
    expect(statSync(machine.file).mode & 0o777).toBe(0o600);
    const { current, profiles } = machine.readConfig();
    expect({ current, profiles }).toEqual({
      current: "builder",
      profiles: { builder: { url: app.url, agent: "builder", token: expect.stringMatching(/^builder\./) } },
    });
    expect(initialized.out).not.toContain(profiles.builder.token);
    expect((await app.call("GET", "/v1/me", { token: profiles.builder.token })).body.id).toBe("builder");

    expect((await operator.run("enrol", "list")).out).toMatch(/builder +redeemed +admin/);
    const again = await createUser().run(...enrolled.out.trim().split(" ").slice(2));
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/code is not good[\s\S]*nerveflare enrol/) });
  });

  test("[IDENT20] that can't keep a token does not use the code up", async () => {
    const app = await serveApp();
    const { code } = (await app.call("POST", "/v1/enrolments", { body: { agent: "builder" } })).body;
    const machine = createUser();
    writeFileSync(join(machine.folder, "config"), "a file where the folder should be");
    expect(await machine.run("init", "--url", app.url, "--code", code)).toMatchObject({
      code: 1,
      err: expect.stringContaining("cannot be"),
    });
    expect((await createUser().run("init", "--url", app.url, "--code", code)).code).toBe(0);
  });

  test("[IDENT20] does not lose a profile that has the name", async () => {
    const app = await serveApp();
    const { code } = (await app.call("POST", "/v1/enrolments", { body: { agent: "builder" } })).body;
    const machine = createUser();
    await machine.run("profiles", "add", "builder", "--url", "http://elsewhere.test");
    expect(await machine.run("init", "--url", app.url, "--code", code, "--profile", "builder")).toMatchObject({ code: 2 });
    expect((await machine.run("init", "--url", app.url, "--code", code, "--json")).json()).toMatchObject({ profile: "builder-2" });
    expect(machine.readConfig().profiles.builder.url).toBe("http://elsewhere.test");
  });
});

describe("profiles", () => {
  test("[IDENT21] name servers and their tokens; the current one is used", async () => {
    const app = await serveApp();
    const { run, file } = createUser();
    await run("profiles", "add", "lab", "--url", app.url, "--admin-token", adminToken);
    await run("profiles", "add", "far", "--url", "http://127.0.0.1:9", "--admin-token", "x");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await run("agents", "list")).code).toBe(0);
    expect(await run("agents", "list", "--profile", "far")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Nothing answers at http:\/\/127\.0\.0\.1:9 [\s\S]*from profile far\. Start a server/),
    });
    await run("profiles", "use", "far");
    expect((await run("agents", "list")).code).toBe(1);
    const listed = await run("profiles", "list");
    expect(listed.out).toMatch(/^\* +far /m);
    expect(listed.out).toMatch(/^ +lab .* operator$/m);
    expect(listed.out + (await run("profiles", "list", "--json")).out).not.toContain(adminToken);
    await run("profiles", "remove", "far");
    expect((await run("profiles", "list", "--json")).json()).toMatchObject({ profiles: [{ name: "lab", used: false }] });
    expect((await run("agents", "list", "--profile", "lab")).code).toBe(0);
    expect(await run("agents", "list", "--profile", "far")).toMatchObject({ code: 2, err: expect.stringContaining("There are: lab.") });
  });

  test("[IDENT21] NERVEFLARE_PROFILE chooses one, an address beside it wins", async () => {
    const app = await serveApp();
    const user = createUser({ NERVEFLARE_PROFILE: "lab" });
    await user.run("profiles", "add", "other", "--url", "http://127.0.0.1:9");
    await user.run("profiles", "add", "lab", "--url", app.url, "--admin-token", adminToken);
    expect((await user.run("agents", "list")).code).toBe(0);
    expect(await user.run("agents", "list", "--url", "http://127.0.0.1:9")).toMatchObject({
      code: 2,
      err: expect.stringContaining("token"),
    });
  });

  test("[IDENT21] a profile's token goes to no other server than its own", async () => {
    const app = await serveApp();
    const { run } = createUser();
    await run("profiles", "add", "lab", "--url", "http://lab.test", "--admin-token", adminToken);
    expect(await run("agents", "list", "--url", app.url)).toMatchObject({
      code: 2,
      err: expect.stringContaining("No operator's token"),
    });
  });

  test("[IDENT21] a named one goes before the environment", async () => {
    const app = await serveApp();
    const { run } = createUser({ NERVEFLARE_URL: "http://127.0.0.1:9", NERVEFLARE_ADMIN_TOKEN: "wrong" });
    await run("profiles", "add", "lab", "--url", app.url, "--admin-token", adminToken);
    expect((await run("agents", "list", "--profile", "lab")).code).toBe(0);
  });

  test("[IDENT22] a file that is not ours is told by its name, and left alone", async () => {
    const { run, file, folder } = createUser();
    await run("profiles", "add", "lab", "--url", "http://lab.test");
    for (const text of ["{", '{"profiles": [1]}', '{"profiles": {"lab": {}}}']) {
      writeFileSync(file, text);
      expect(await run("profiles", "list")).toMatchObject({ code: 1, err: expect.stringContaining(file) });
      expect(await run("profiles", "use", "lab")).toMatchObject({ code: 1 });
      expect(readFileSync(file, "utf8")).toBe(text);
    }
    chmodSync(folder, 0o700);
    expect(await run("profiles", "add", "x", "--url", "nonsense")).toMatchObject({ code: 1 });
  });

  test.each([
    [["profiles", "add", "lab"], "--url"],
    [["profiles", "add", "lab", "--url", "ftp://x"], "not a server's address"],
    [["profiles", "use", "lab"], "There is no profile lab"],
    [["init", "--url", "http://127.0.0.1:9"], "--code"],
    [["init", "--url", "nonsense", "--code", "x"], "not a server's address"],
  ])("[CLI4] %j is a usage error", async (args, hint) => {
    expect(await createUser().run(...args)).toMatchObject({ code: 2, err: expect.stringContaining(hint) });
  });
});

describe("operators and the audit", () => {
  test("[IDENT23] who changed what is shown, and a read-only operator is told why not", async () => {
    const app = await serveApp();
    const root = createUser({ NERVEFLARE_URL: app.url, NERVEFLARE_ADMIN_TOKEN: adminToken });
    const added = await root.run("operators", "add", "night-shift");
    expect(added.out).toMatch(/^operators\/night-shift\.\S{43}\n$/);
    const night = createUser({ NERVEFLARE_URL: app.url, NERVEFLARE_ADMIN_TOKEN: added.out.trim() });
    expect(await night.run("agents", "add", "alice")).toMatchObject({ code: 1, err: expect.stringMatching(/NRV8005 forbidden/) });
    expect((await night.run("operators", "list")).out).toMatch(/night-shift +read +admin/);
    const audit = await night.run("audit");
    expect(audit.out.split("\n")).toEqual([
      expect.stringMatching(/^WHEN +WHO +WHAT +ON +RESULT +DETAIL/),
      expect.stringMatching(/night-shift +agents\.create .*refused: forbidden/),
      expect.stringMatching(/admin +operators\.create +night-shift +done +{"name":"night-shift","access":"read"}/),
      "",
    ]);
    expect((await night.run("audit", "night-shift", "--action", "operators.*", "--json")).json().decisions).toHaveLength(1);
    expect(await root.run("operators", "remove", "night-shift")).toMatchObject({ code: 0 });
    expect(await night.run("audit")).toMatchObject({ code: 1, err: expect.stringContaining("unauthenticated") });
  });
});

describe("completion", () => {
  test("[CLI9] in bash knows every command, subcommands and options", async () => {
    const { out } = await createUser().run("completion", "bash");
    const complete = (...words: string[]) => {
      const program = `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _nerveflare; echo "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", program], { encoding: "utf8" });
      expect(stderr).toBe("");
      return stdout.trim().split(" ");
    };
    expect(complete("nerveflare", "")).toEqual(expect.arrayContaining(commands.map(({ name }) => name)));
    expect(complete("nerveflare", "agents", "r")).toEqual(["rotate", "revoke", "remove"]);
    expect(complete("nerveflare", "agents", "rotate", "alice", "--o")).toEqual(["--overlap"]);
    expect(complete("nerveflare", "--json", "prof")).toEqual(["profiles"]);
  });

  test.each(["zsh", "fish"])("[CLI9] in %s names every command", async (shell) => {
    const { code, out } = await createUser().run("completion", shell);
    expect(code).toBe(0);
    for (const { name } of commands) expect(out).toContain(`'${name}`);
    expect(out).toContain("agents rotate");
  });

  test("[CLI9] for another shell is a usage error that names those that there are", async () => {
    expect(await createUser().run("completion", "csh")).toMatchObject({ code: 2, err: expect.stringContaining("bash, zsh, fish") });
  });
});
