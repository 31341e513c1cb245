/** `nerveflare hooks`, against the app. */
import { expect, test } from "vitest";
import { plainSecret, signGithub } from "../durable/hook/sign.ts";
import { adminToken } from "../worker/test-app.ts";
import { createFolder, run } from "./run.ts";
import { serveApp } from "./serve-app.ts";

const { write } = createFolder();

test("[CLI20] hooks are added, listed, shown, changed, tried and removed; the secret is printed alone, and a map's faults with carets", async () => {
  const { url, post } = await serveHooks();
  const hooks = (...args: string[]) => run("hooks", ...args, "--url", url, "--token", adminToken);
  const map = `event = "pull_request" ? {"kind": "pr.opened", "data": {"pr": body.number}}`;
  const added = await hooks("add", "gh", "--from", "github", "--kind", "pr.*", "--map", map, "--note", "CI");
  expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^[\w-]{43}\n$/), err: expect.stringContaining(`${url}/v1/hooks/gh`) });
  expect((await hooks("list")).out).toMatch(/gh +github +pr\.\* +CI/);
  expect((await post("{}", signGithub("{}"))).status).toBe(401);
  expect((await hooks("show", "gh")).out).toMatch(
    /accepted +0, the last never[\s\S]*unauthenticated \(1\) +2026-\S+ +- +the signature is not by/,
  );
  const payload = write("body.json", JSON.stringify({ number: 7 }));
  expect((await hooks("test", "gh", "--payload", payload, "--header", "X-GitHub-Event: pull_request")).out).toContain('"pr": 7');
  expect((await hooks("test", "gh", "--payload", payload)).out).toMatch(/^ignored: the map makes nothing/);
  expect((await hooks("set", "gh", "--map-file", write("map.jsonata", `{"kind": "pr.all"}`))).code).toBe(0);
  expect((await hooks("test", "gh", "--payload", payload)).out).toContain("pr.all");
  const wrong = await hooks("set", "gh", "--map", `{"kind": bdy.kind}`);
  expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/\{"kind": bdy\.kind\}\n.*\^\^\^[\s\S]*body/) });
  expect(await hooks("add", "b", "--from", "stripe", "--kind", "a", "--map", "body", "--secret-env", "NONE")).toMatchObject({
    code: 2,
    err: expect.stringContaining("NONE is not set"),
  });
  expect(await hooks("add", "b", "--from", "stripe", "--kind", "a")).toMatchObject({ code: 2, err: expect.stringContaining("--map") });
  expect((await hooks("rotate", "gh", "--overlap", "0")).out).toMatch(/^[\w-]{43}\n$/);
  expect((await hooks("remove", "gh")).out).toBe("removed gh\n");
  expect(await hooks("show", "gh")).toMatchObject({ code: 1, err: expect.stringContaining("There is no hook gh") });
});

async function serveHooks() {
  const app = await serveApp();
  const post = (body: string, headers: Record<string, string>) =>
    fetch(`${app.url}/v1/hooks/gh`, {
      method: "POST",
      body,
      headers: { ...headers, "x-hub-signature-256": `sha256=${plainSecret.length}${"a".repeat(62)}` },
    });
  return { ...app, post };
}
