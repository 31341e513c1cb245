/** `nerveflare webhooks` and people's accounts, against the app. */
import { expect, test } from "vitest";
import { adminToken } from "../worker/test-app.ts";
import { run } from "./run.ts";
import { serveApp } from "./serve-app.ts";

test("[CLI15] webhooks are added, listed, shown, replayed and removed; the secret is printed alone", async () => {
  const { url, objects } = await serveApp();
  const webhooks = (...args: string[]) => run("webhooks", ...args, "--url", url, "--token", adminToken);
  const added = await webhooks("add", "https://example.com/hook", "--kind", "pr.*", "note", "--workflow", "w", "--note", "chat");
  expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^whsec_\S+\n$/), err: expect.stringContaining("shown only now") });
  const listed = await webhooks("list");
  expect(listed.out).toMatch(/https:\/\/example\.com\/hook +note pr\.\*, workflow w +chat/);
  const id = /[0-9a-f-]{36}/.exec(listed.out)?.[0] as string;
  expect((await webhooks("show", id)).out).toMatch(/state +active[\s\S]*delivered +3, the last never/);
  expect((await webhooks("rotate", id, "--overlap", "1h")).out).toMatch(/^whsec_/);
  expect(objects.calls.at(-1)?.args[1]).toBe(3_600_000);
  expect((await webhooks("dead-letters", id)).out).toMatch(/3 +2026-\S+ +a\.b +e +13 +answered 500/);
  expect((await webhooks("replay", id, "--after", "7")).out).toBe("what comes after position 7 is sent again\n");
  expect((await webhooks("replay", id, "--dead-letters")).out).toBe("1 dead letters are tried again\n");
  expect(objects.calls.at(-1)?.args).toEqual([{ deadLetters: "all" }]);
  await webhooks("replay", id, "--dead-letters", "3", "4");
  expect(objects.calls.at(-1)?.args).toEqual([{ deadLetters: [3, 4] }]);
  expect(await webhooks("replay", id)).toMatchObject({ code: 2, err: expect.stringContaining("--since") });
  expect((await webhooks("resume", id)).code).toBe(0);
  expect((await webhooks("remove", id)).out).toBe(`removed ${id}\n`);
  expect(await webhooks("show", id)).toMatchObject({ code: 1, err: expect.stringContaining("There is no webhook") });
  expect(await webhooks("add", "https://127.0.0.1/", "--kind", "a")).toMatchObject({
    code: 1,
    err: expect.stringContaining("NERVEFLARE_PRIVATE_WEBHOOKS"),
  });
});

test("[CLI19] an account that is added as a person says so by its own token", async () => {
  const { url, objects } = await serveApp();
  const added = await run("agents", "add", "ann", "--person", "--capability", "release-approval", "--url", url, "--token", adminToken);
  expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^ann\.\S+\n$/) });
  const said = JSON.stringify(objects.calls.filter(({ object, method }) => object === "agent/ann" && method !== "register"));
  expect(said).toContain("nerve.agent.report");
  expect(said).toContain('"labels":{"person":true}');
});
