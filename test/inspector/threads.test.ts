/** The list of threads: live, narrowed down, long, and of hostile things. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { judgeAccess } from "./judge-access.ts";
import { measureOverflow, openPage, stage, takePictures, useOperator, within } from "./stage.ts";

describe.skipIf(!stage)("the list of threads", () => {
  const post = (token: string, id: string, data: object) =>
    fetch(`${stage?.url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ id, type: "listed.ready_for_review", data }),
    }).then(async (answer) => ((await answer.json()) as { threads: string[] }).threads[0] ?? "");

  /** A review that no other test's agents hear of. */
  const publish = async () => {
    const text = await readFile(join(import.meta.dirname, "../../workflows/code-review.yaml"), "utf8");
    const body = text.replaceAll("code-review", "listed-review").replaceAll("pr.", "listed.");
    await useOperator().call("PUT", "v1/workflows/listed-review", { body, contentType: "application/yaml" });
  };

  test("[INSP8] shows threads as they begin, wait and end, without being loaded again", async () => {
    const operator = useOperator();
    await publish();
    const author = await operator.add("list-author", ["coding"]);
    const page = await openPage("/ui/threads");
    await page.getByText("live", { exact: true }).waitFor();
    expect(await page.title()).toBe("Threads · nerveflare");
    const thread = await post(author, "listed-1", { repo: "<img src=x onerror=alert(1)>", pr: 1 });
    const row = page.getByRole("row").filter({ hasText: thread });
    await row.getByText("recruiting").waitFor();
    await row.getByText("a claim of reviewer").waitFor();
    await operator.call("POST", `v1/threads/${thread}/cancel`, { body: JSON.stringify({ reason: "<b>enough</b>" }) });
    await row.getByText("cancelled").waitFor();
    expect(await page.locator("main img, main b").count()).toBe(0);
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "threads");
    for (const width of [360, 800, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      await vi.waitFor(async () => expect(await measureOverflow(page), `at ${width} px`).toBe(0), within);
    }
  });

  test("[INSP9] is narrowed down by what is in its address, and says so where nothing fits", async () => {
    const operator = useOperator();
    await publish();
    const author = await operator.add("filter-author", ["coding"]);
    const thread = await post(author, "filtered-1", { repo: "nerve", pr: 2 });
    const page = await openPage("/ui/threads?status=recruiting&workflow=listed-review");
    await page.getByRole("row").filter({ hasText: thread }).waitFor();
    await page.getByLabel("Status").selectOption("completed");
    await page.getByText("None fits").waitFor();
    expect(new URL(page.url()).searchParams.get("status")).toBe("completed");
    await page.getByRole("link", { name: "Show all threads" }).click();
    await page.getByRole("row").filter({ hasText: thread }).waitFor();
    await page.getByRole("searchbox", { name: "Workflow" }).fill("no-such");
    await page.getByText("None fits").waitFor();
  });

  test("[INSP14] of thousands of threads it draws those in sight, and tells a screen reader of all", async () => {
    const total = 5_000;
    const page = await openPage("/ui/workflows");
    await page.route("**/v1/threads?*", async (route) => {
      const search = new URL(route.request().url()).searchParams;
      const from = Number(search.get("after") ?? 0);
      const threads = Array.from({ length: 200 }, (_, index) => ({
        ...{
          id: `t${String(from + index).padStart(25, "a")}`,
          workflow: "long",
          revision: "r",
          status: "running",
          initiator: "a",
          key: null,
        },
        ...{ createdAt: "2026-11-20T12:00:00Z", updatedAt: "2026-11-20T12:00:00Z", agents: [], waiting: null, reason: null, parent: null },
      }));
      await route.fulfill({ json: { threads, next: from + 200 < total ? String(from + 200) : null } });
    });
    await page.getByRole("link", { name: "Threads", exact: true }).click();
    const table = page.getByRole("table");
    await table.waitFor();
    await vi.waitFor(async () => {
      await table.evaluate((element) => {
        element.scrollTop = element.scrollHeight;
      });
      expect(await table.getAttribute("aria-rowcount")).toBe(String(total + 1));
    }, within);
    await page.getByText(`t${String(total - 1).padStart(25, "a")}`).waitFor();
    expect(await table.getByRole("row").count()).toBeLessThan(60);
  });
});
