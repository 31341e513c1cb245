/** [SEC] Secrets of a machine: what a program inherits, what a data folder shows to others, what a start prints. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { TurnAssigned } from "../../../src/client/index.ts";
import { createProgramHandler } from "../../../src/exec/create-program-handler.ts";
import { findEnvFault, pickProgramEnv } from "../../../src/exec/program-env.ts";
import { settleAdminToken } from "../../../src/local-server/admin-token.ts";
import { claimDataFolder } from "../../../src/local-server/data-folder.ts";
import { makeTurn } from "../client/fixture.ts";

const secrets = {
  NERVEFLARE_TOKEN: "agent-secret",
  NERVEFLARE_ADMIN_TOKEN: "operator-secret",
  AWS_SECRET_ACCESS_KEY: "cloud-secret",
  GITHUB_TOKEN: "forge-secret",
  MODEL_API_KEY: "model-secret",
  HTTPS_PROXY: "http://user:proxy-secret@proxy",
  DATABASE_URL: "postgres://user:secret@db",
};

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-secrets-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("[SEC1] a program inherits what it needs to run and to speak, what is named, and no secret", async () => {
  const env = { PATH: process.env.PATH, HOME: "/home/x", LANG: "C.UTF-8", LC_TIME: "C", ...secrets };
  const run = async (passed: string[]): Promise<Record<string, string>> => {
    const handler = createProgramHandler({ command: `node -p 'JSON.stringify(process.env)'`, env, passed });
    const output = await handler(makeTurn() as unknown as TurnAssigned, {
      signal: new AbortController().signal,
      progress: () => {},
      usage: () => {},
      onUpdate: () => {},
      send: () => Promise.reject(new Error("unused")),
      artifacts: {} as never,
    });
    return output as Record<string, string>;
  };
  const seen = await run([]);
  expect(seen).toMatchObject({ HOME: "/home/x", LANG: "C.UTF-8", LC_TIME: "C", NERVEFLARE_TURN: expect.any(String) });
  expect(JSON.stringify(seen)).not.toContain("secret");
  const named = await run(["MODEL_API_KEY", "DEPTH=2", "EMPTY="]);
  expect(named).toMatchObject({ MODEL_API_KEY: "model-secret", DEPTH: "2", EMPTY: "" });
  expect(Object.values(named).filter((value) => value.includes("secret"))).toEqual(["model-secret"]);
});

test("[SEC2] a variable that is not there, or is no name, is said at the start", () => {
  expect(findEnvFault("MODEL_API_KEY", secrets)).toBeUndefined();
  expect(findEnvFault("DEPTH=2", {})).toBeUndefined();
  expect(findEnvFault("MISSING", secrets)).toContain("there is no such variable");
  for (const given of ["", "=x", "a b", "1x", "A-B=1"]) expect(findEnvFault(given, secrets), given).toContain("no name");
  expect(pickProgramEnv({ Path: "windows" })).toEqual({ Path: "windows" });
});

test("[SEC3] a data folder that was open to others is closed, with what is the server's in it and nothing else", async () => {
  const folder = makeFolder();
  mkdirSync(join(folder, "state", "v3"), { recursive: true });
  for (const file of ["admin-token", "state/v3/db.sqlite", "notes.sh"]) writeFileSync(join(folder, file), "x");
  const chmods: [string, number][] = [
    [".", 0o755],
    ["state", 0o755],
    ["state/v3", 0o775],
    ["admin-token", 0o644],
    ["state/v3/db.sqlite", 0o664],
    ["notes.sh", 0o755],
  ];
  for (const [name, mode] of chmods) chmodSync(join(folder, name), mode);
  const claimed = await claimDataFolder(folder);
  onTestFinished(() => claimed.release());
  expect(chmods.map(([name]) => modeOf(join(folder, name)))).toEqual([0o700, 0o700, 0o700, 0o600, 0o600, 0o755]);
});

test("[SEC4] a new data folder is its owner's alone", async () => {
  const folder = join(makeFolder(), "new");
  const claimed = await claimDataFolder(folder);
  onTestFinished(() => claimed.release());
  claimed.begin();
  expect(modeOf(folder)).toBe(0o700);
});

test("[SEC5] only a token that was made now is news; one that was given or kept is named by where it is", () => {
  const folder = makeFolder();
  const made = settleAdminToken(folder);
  expect(made).toEqual({ token: expect.stringMatching(/^[\w-]{43}$/), from: "made", path: join(folder, "admin-token") });
  expect(settleAdminToken(folder)).toEqual({ ...made, from: "folder" });
  expect(settleAdminToken(folder, "given")).toEqual({ token: "given", from: "environment", path: made.path });
  expect(modeOf(made.path)).toBe(0o600);
});
