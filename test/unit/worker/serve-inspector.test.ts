/** How the Worker gives the inspector's pages: to anybody, under a policy that lets nothing of others in. */
import { expect, test } from "vitest";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const files: { [path: string]: string } = { "/ui/index.html": "<page>", "/ui/assets/index-a1_B-2.js": "script", "/ui/icon.svg": "<svg>" };
const app = createTestApp(openSqliteD1(), {
  asset: async (path) => new Response(files[path] ?? null, { status: path in files ? 200 : 404 }),
});
const ask = (path: string, method = "GET") => app.call(method, path, { token: null });

test("[INSP1] every address below /ui/ that is no file gives the page, whatever stands in it; / leads browsers there", async () => {
  for (const path of ["/ui/", "/ui/threads", "/ui/agents/john.doe", "/ui/turns/t1/role%2Fx", "/ui/%ff"])
    expect(await ask(path), path).toMatchObject({ status: 200, body: "<page>" });
  expect((await ask("/ui")).headers.get("location")).toBe("/ui/");
  const headers = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  expect((await app.call("GET", "/", { token: null, headers })).headers.get("location")).toBe("/ui/");
  expect((await app.call("GET", "/", { token: null, headers: { accept: "*/*" } })).status).toBe(401);
});

test("[INSP1] a file is given by its name alone, and one that is gone is no page", async () => {
  const script = await ask("/ui/assets/index-a1_B-2.js");
  expect(script).toMatchObject({ status: 200, body: "script" });
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=UTF-8");
  expect(script.headers.get("cache-control")).toContain("immutable");
  for (const path of ["/ui/assets/old.js", "/ui/assets/..%2findex.html", "/ui/assets/a/b.js", "/ui/assets/"])
    expect(await ask(path), path).toMatchObject({ status: 404, body: { code: "not_found" } });
  expect((await ask("/ui/", "POST")).status).toBe(401);
});

test("[INSP1] a Worker that has no pages beside it says so, and what to do", async () => {
  const bare = createTestApp(openSqliteD1(), { asset: async () => new Response(null, { status: 404 }) });
  const { status, body } = await bare.call("GET", "/ui/threads", { token: null });
  expect([status, body.code, body.detail]).toEqual([503, "unavailable", expect.stringContaining("Deploy it again")]);
});

test("[INSP2] the page may load and ask what is of its own server, with no script or style in its text, and stands in no other page", async () => {
  const { headers } = await ask("/ui/threads");
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toMatch(/default-src 'none'; .*frame-ancestors 'none'/);
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  // A page of before the last deploy would ask for files that are gone.
  expect(headers.get("cache-control")).toBe("no-cache");
});
