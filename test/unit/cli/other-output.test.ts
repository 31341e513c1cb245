import { expect, test } from "vitest";
import { runCli } from "../../../src/cli/main.ts";
import { adminToken } from "../worker/test-app.ts";
import { serveApp } from "./serve-app.ts";

const thread = `t${"a".repeat(25)}`;

test.each(["fork", "restart"])("[CLI14] `%s` takes another output for its step, as JSON", async (order) => {
  const app = await serveApp();
  let err = "";
  const run = (...args: string[]): Promise<number> =>
    runCli([order, thread, "--at", "2", ...args], {
      stdout: { write: () => {} },
      stderr: { write: (text) => (err += text) },
      env: { NERVEFLARE_URL: app.url, NERVEFLARE_ADMIN_TOKEN: adminToken, NERVEFLARE_DATA: "/nowhere" },
    });
  await run("--output", '{"$status":"approved"}');
  expect(app.objects.calls.find(({ method }) => method === order)).toMatchObject({
    args: ["admin", { at: 2, output: { $status: "approved" } }],
  });
  expect(await run("--output", "approved")).toBe(2);
  expect(err).toContain("--output is not JSON");
});
