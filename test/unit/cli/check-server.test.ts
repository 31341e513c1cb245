/** `nerveflare check --server`: what is asked, and what is said where the server is away. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { renderPublication } from "../../../src/cli/lib/server-check/render-publication.ts";
import { compilePublished } from "../../../src/compile/compile-published.ts";
import { adminToken } from "../worker/test-app.ts";
import { createFolder, fine, run } from "./run.ts";
import { serveApp } from "./serve-app.ts";

const { write } = createFolder();

test("[MANY13] a server's agents and workflows are asked for, and what publishing would replace", async () => {
  const app = await serveApp({ compile: async (text) => compilePublished(text) });
  const server = ["--server", app.url, "--token", adminToken];
  const api = ["--url", app.url, "--token", adminToken];
  const file = write("fine.yaml", fine);
  // Without agents nothing is said of them.
  const first = await run("check", file, ...server);
  expect(first).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/fine\.yaml [0-9a-f]{8} is not published yet/) });
  await app.register("alice", { capabilities: ["wrok"] });
  const told = await run("check", file, ...server);
  expect(told.out).toMatch(/NRV6009[\s\S]*did you mean `wrok`\?/);
  await run("publish", file, ...api);
  expect((await run("check", file, ...server)).out).toMatch(/is published as it is/);
  const other = write(
    "other.yaml",
    fine
      .replace("name: fine", "name: other")
      .replace('"It is done." }', '"It is done.", spawn: [{ workflow: fine }, { workflow: fien }] }'),
  );
  const { code, out } = await run("check", other, ...server, "--json");
  expect(code).toBe(1);
  const [{ diagnostics, publish }] = JSON.parse(out) as [{ diagnostics: { code: string; hint: string }[]; publish: object }];
  expect(diagnostics.filter(({ code: each }) => each === "NRV6001")).toMatchObject([{ severity: "error", hint: "did you mean `fine`?" }]);
  expect(publish).toMatchObject({ published: null, revisions: [] });
  const changed = write("changed.yaml", fine.replace('"Do it."', '"Do it well."'));
  expect((await run("check", changed, ...server)).out).toMatch(/changed\.yaml [0-9a-f]{8} would replace [0-9a-f]{8}/);
  // What is no address is a file.
  expect((await run("check", "--server", file, "--token", adminToken)).out).toContain("ok no errors");
});

test("[MANY14] a server that is away is told in one line, after what the files say", async () => {
  const away = ["--server", "http://127.0.0.1:1", "--token", "x"];
  const { code, out, err } = await run("check", write("named.yaml", fine.replace("name: fine", "name: Bad Name")), ...away);
  expect(code).toBe(1);
  expect(out).toContain("NRV2005");
  expect(err).toContain("127.0.0.1:1");
  expect(await run("check", write("fine.yaml", fine), ...away)).toMatchObject({
    code: 1,
    out: expect.stringContaining("ok no errors"),
    err: expect.stringContaining("127.0.0.1:1"),
  });
});

test("[MANY19] a server that answers in another form, or refuses the token, is told as such, after what the files say", async () => {
  const file = write("other.yaml", fine);
  const answers: [status: number, body: object, told: string][] = [
    [200, { items: [] }, "has another form than this nerveflare"],
    [403, { code: "forbidden", detail: "This takes an operator's token.", status: 403, nrv: "NRV8005" }, "forbidden"],
  ];
  for (const [status, body, told] of answers) {
    const server = createServer((_, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    expect(await run("check", file, "--server", `http://127.0.0.1:${port}`, "--token", "x")).toMatchObject({
      code: 1,
      out: expect.stringContaining("ok no errors"),
      err: expect.stringContaining(told),
    });
  }
});

test("[MANY15] threads of one revision that are not alike are counted by what would become of each", () => {
  const looked = (["safe", "blocked", "safe", "mapping"] as const).map((verdict, index) => ({
    ...{ thread: `t${index}`, verdict, at: 1, why: verdict === "safe" ? "" : "so" },
  }));
  const plain = (_: string, text: string): string => text;
  const render = (some: typeof looked) =>
    renderPublication(
      "a.yaml",
      { revision: "bbbbbbbbbb", published: null, revisions: [{ revision: "aaaaaaaaaa", threads: 4, verdict: "blocked", looked: some }] },
      plain,
    );
  expect(render(looked)).toContain("aaaaaaaa  4 threads: blocked (1 of them, 1 needs mapping, 2 safe)\n    t1 blocked: so");
  expect(render(looked.slice(1, 2))).toContain("4 threads: blocked\n");
});
