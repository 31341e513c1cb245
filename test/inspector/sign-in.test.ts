/** Signing in and out of the inspector, and what the first look at it costs. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { judgeAccess } from "./judge-access.ts";
import { measureOverflow, openPage, stage, takePictures, useOperator, within } from "./stage.ts";

/** Bytes of the first view, compressed: its page, scripts, styles and pictures. */
const mostBytes = 150_000;

describe.skipIf(!stage)("signing in", () => {
  test("[INSP6] a link asks for a token first, and then shows what it is of; what is wrong with a token is said", async () => {
    const page = await openPage("/ui/agents", { token: null });
    await page.getByLabel("Your token").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("This token is nobody's.").waitFor();
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "sign-in");
    // By keyboard alone.
    await page.getByLabel("Your token").fill(stage?.adminToken ?? "");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Agents", exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/ui/agents");
    // No script of the page's could tell the cookie or the token to anybody.
    expect(await page.evaluate("document.cookie")).toBe("");
    expect(await page.evaluate("JSON.stringify([{ ...localStorage }, Object.keys({ ...sessionStorage })])")).toBe(
      '[{},["nerveflare.reader"]]',
    );

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your token").waitFor();
    await page.reload();
    await page.getByLabel("Your token").waitFor();
  });

  test("[INSP6] a token that may only read, and an agent's, see what they may and are told what they may not", async () => {
    const operator = useOperator();
    const reader = (await operator.call("POST", "v1/operators", { body: JSON.stringify({ name: "reader", access: "read" }) })) as {
      token: string;
    };
    const asReader = await openPage("/ui/threads", { token: reader.token });
    await asReader.getByText("may only read").waitFor();
    const asAgent = await openPage("/ui/agents", { token: await operator.add("an-agent", []) });
    await asAgent.getByRole("alert").getByText("This takes an operator's token.").waitFor();
    // It is not led there either.
    const pages = asAgent.getByRole("navigation", { name: "Pages" }).getByRole("link");
    expect(await pages.allTextContents()).toEqual(["Threads", "Events", "My turns"]);
  });

  test("[INSP6] a session that has ended says so, and another one goes on at the same page", async () => {
    const operator = useOperator();
    const { token } = (await operator.call("POST", "v1/operators", { body: JSON.stringify({ name: "leaver", access: "admin" }) })) as {
      token: string;
    };
    const page = await openPage("/ui/threads", { token });
    await page.getByText("live", { exact: true }).waitFor();
    await operator.call("DELETE", "v1/operators/leaver");
    const ended = page.getByText("Your session has ended");
    // Whichever of the page's questions comes first learns of it.
    await Promise.race([page.getByLabel("Status").selectOption("failed"), ended.waitFor()]);
    await ended.waitFor();
    await page.getByLabel("Your token").fill(stage?.adminToken ?? "");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Threads", exact: true }).waitFor();
  });

  test("[INSP7] the first view is small, and asks nobody but the server", async () => {
    const page = await openPage("/ui/threads");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.reload();
    await page.getByRole("heading", { name: "Threads", exact: true }).waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    expect(new Set(asked.map((address) => new URL(address).origin))).toEqual(new Set([stage?.url]));
    const files = [...new Set(asked.filter((address) => address.includes("/ui/")))];
    expect(files.length).toBeGreaterThanOrEqual(4);
    const bodies = await Promise.all(files.map(async (file) => Buffer.from(await (await fetch(file)).arrayBuffer())));
    const bytes = bodies.reduce((sum, body) => sum + gzipSync(body).byteLength, 0);
    console.log(`the first view: ${bytes} bytes compressed`);
    expect(bytes).toBeLessThan(mostBytes);
    await vi.waitFor(async () => expect(await measureOverflow(page)).toBe(0), within);
  });
});

test("[INSP2] no file of the pages has a script or a style in its text, nor an address of elsewhere that it loads", async () => {
  const folder = join(import.meta.dirname, "../../dist/assets/ui");
  const html = await readFile(join(folder, "index.html"), "utf8");
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\bon\w+=|https?:/);
  const styles = (await readdir(join(folder, "assets"))).filter((name) => name.endsWith(".css"));
  expect(styles.length).toBeGreaterThan(0);
  for (const name of styles) expect(await readFile(join(folder, "assets", name), "utf8")).not.toMatch(/url\(\s*["']?(https?:)?\/\//);
});
