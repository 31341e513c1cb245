/** The list of threads: live, narrowed down, long, and of hostile things. */
import type { Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { judgeAccess } from "./judge-access.ts";
import { openPage, stage, takePictures, useOperator, within } from "./stage.ts";

describe.skipIf(!stage)("the list of threads", () => {
  /** Begins a review by a workflow of its own. */
  async function begin(prefix: string, repo: string): Promise<string> {
    const operator = useOperator();
    await operator.publishReview(prefix);
    const token = await operator.add(`${prefix}-author`, ["coding"]);
    const answer = await fetch(`${stage?.url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ id: prefix, type: `${prefix}.ready_for_review`, data: { repo, pr: 1 } }),
    });
    return ((await answer.json()) as { threads: string[] }).threads[0] ?? "";
  }

  test("[INSP8] shows threads as they begin, wait and end, without being loaded again", async () => {
    // Of all threads here those of other tests may push it out of sight.
    const page = await openPage("/ui/threads?workflow=listed-review");
    await page.getByText("live", { exact: true }).waitFor();
    expect(await page.title()).toBe("Threads · nerveflare");
    const thread = await begin("listed", "<img src=x onerror=alert(1)>");
    const row = page.getByRole("row").filter({ hasText: thread });
    await row.getByText("recruiting").waitFor();
    await row.getByText("a claim of reviewer").waitFor();
    await useOperator().call("POST", `v1/threads/${thread}/cancel`, { body: JSON.stringify({ reason: "<b>enough</b>" }) });
    await row.locator(".badge").getByText("cancelled").waitFor();
    expect(await page.locator("main img, main b").count()).toBe(0);
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "threads");
  });

  test("[INSP9] is narrowed down by what is in its address, and says so where nothing fits", async () => {
    const thread = await begin("filtered", "nerve");
    const page = await openPage("/ui/threads?status=recruiting&workflow=filtered-review");
    await page.getByRole("row").filter({ hasText: thread }).waitFor();
    await page.getByLabel("Status").selectOption("completed");
    await page.getByText("None fits").waitFor();
    expect(new URL(page.url()).searchParams.get("status")).toBe("completed");
    await page.getByRole("link", { name: "Show all threads" }).click();
    // Whichever those of other tests are.
    await page.getByRole("row").nth(1).waitFor();
    expect(new URL(page.url()).search).toBe("");
    await page.getByRole("searchbox", { name: "Workflow" }).fill("no-such");
    await page.getByText("None fits").waitFor();
  });

  /** Rows of a page of this index: more than the server gives, so that fewer are asked for. */
  const pageOf = 1_000;

  /** An index of so many threads, all of them running. */
  const serveMany = (page: Page, total: number) =>
    page.route("**/v1/threads?*", async (route) => {
      const search = new URL(route.request().url()).searchParams;
      const from = Number(search.get("after") ?? 0);
      const row = (place: number) => ({
        ...{ id: `t${String(place).padStart(25, "a")}`, workflow: "long", revision: "r", status: "running", initiator: "a", key: null },
        ...{ createdAt: "2026-11-20T12:00:00Z", updatedAt: "2026-11-20T12:00:00Z", agents: [], waiting: null, reason: null, parent: null },
      });
      const threads = Array.from({ length: Math.min(pageOf, total - from) }, (_, index) => row(from + index));
      const counts = { byStatus: { running: total }, more: false };
      await route.fulfill({
        json: { threads, next: from + pageOf < total ? String(from + pageOf) : null, ...(search.has("count") && { counts }) },
      });
    });

  test("[INSP14] [INSP19] [INSP20] of ten thousand threads it draws those in sight, goes through them by keyboard, and says how many there are", async () => {
    const total = 10_000;
    const page = await openPage("/ui/workflows");
    await serveMany(page, total);
    await page.getByRole("link", { name: "Threads", exact: true }).click();
    const grid = page.getByRole("grid", { name: "Threads" });
    await grid.waitFor();
    await page.getByRole("status").getByText("10,000 threads").waitFor();
    expect(await page.getByLabel("Status").getByRole("option", { name: "running (10,000)" }).count()).toBe(1);
    const focused = () => page.evaluate<string | null>("document.activeElement.getAttribute('aria-rowindex')");
    await grid.getByRole("row").nth(1).focus();
    for (const [key, row] of [
      ["ArrowDown", "3"],
      ["ArrowDown", "4"],
      ["ArrowUp", "3"],
      ["Home", "2"],
    ] as const) {
      await page.keyboard.press(key);
      await vi.waitFor(async () => expect(await focused()).toBe(row), within);
    }
    // To the end of what is there, again and again, as more is read.
    for (let known = pageOf; known <= total; known += pageOf) {
      await vi.waitFor(async () => expect(Number(await grid.getAttribute("aria-rowcount"))).toBeGreaterThan(known), within);
      await page.keyboard.press("End");
    }
    await vi.waitFor(async () => expect(await focused()).toBe(String(total + 1)), within);
    await page.getByText(`t${String(total - 1).padStart(25, "a")}`).waitFor();
    expect(await grid.getByRole("row").count()).toBeLessThan(60);
    expect(await judgeAccess(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/ui/threads/t${String(total - 1).padStart(25, "a")}`);
  });

  test("[INSP21] draws its frames while 100 threads move at 20 events a second, each once a frame at most", async () => {
    const page = await openPage("/ui/workflows", { first: rush });
    await serveMany(page, 100);
    await page.getByRole("link", { name: "Threads", exact: true }).click();
    await page.getByRole("grid", { name: "Threads" }).waitFor();
    await page.evaluate("rush(1, 2)");
    // In turns, for other work of the machine takes from both.
    const run = (perMillisecond: number) => page.evaluate<{ frames: number; drawn: number; sent: number }>(`rush(250, ${perMillisecond})`);
    let [calm, frames, drawn, sent] = [0, 0, 0, 0];
    for (let turn = 0; turn < 8; turn++) {
      calm += (await run(0)).frames;
      const moved = await run(2);
      frames += moved.frames;
      drawn += moved.drawn;
      sent += moved.sent;
    }
    expect(sent).toBeGreaterThan(2_000);
    console.log(`100 threads at ${sent / 2} events a second: ${frames / 2} frames a second, ${calm / 2} without; ${drawn} changes of text`);
    // A page that draws each event by itself comes to a twelfth.
    expect(frames).toBeGreaterThan(calm / 4);
    // Some 20 rows are in sight; each frame writes each of their cells once at most.
    expect(drawn).toBeLessThan(frames * 20 * 4);
  });

  test("[INSP21] an agent may load its page anew as often as it likes: what it leaves takes no reader's place", async () => {
    const page = await openPage("/ui/threads", { token: await useOperator().add("reloads", []) });
    for (let time = 0; time < 8; time++) {
      await page.getByText("live", { exact: true }).waitFor();
      await page.reload();
    }
    await page.getByText("live", { exact: true }).waitFor();
    expect(await page.getByText("follow the log here already").count()).toBe(0);
  });
});

/** Puts a log before the server's, in which 100 threads move for as long and as fast as one asks; counts frames and what is written. */
const rush = `
  const fetched = globalThis.fetch;
  let line;
  globalThis.fetch = (address, init) => String(address).includes("follow=true")
    ? Promise.resolve(new Response(new ReadableStream({ start(controller) { line = controller; controller.enqueue(new TextEncoder().encode("id: 1\\n\\n")); } })))
    : fetched(address, init);
  let position = 1;
  globalThis.rush = async (length, perMillisecond) => {
    let frames = 0, drawn = 0, sent = 0, going = true;
    const watcher = new MutationObserver((list) => { drawn += list.length; });
    watcher.observe(document.querySelector(".table-body"), { subtree: true, characterData: true, childList: true });
    const began = performance.now();
    const count = () => { frames += 1; if (going) requestAnimationFrame(count); };
    requestAnimationFrame(count);
    while (performance.now() - began < length) {
      // What is due by now, whatever a timer does.
      const due = Math.floor((performance.now() - began) * perMillisecond) - sent;
      let text = "";
      for (let number = 0; number < due; number++, sent++) {
        position += 1;
        const thread = "t" + String(position % 100).padStart(25, "a");
        const type = ["nerve.turn.assigned", "nerve.turn.respond", "nerve.turn.progress"][position % 3];
        text += "id: " + position + "\\ndata: " + JSON.stringify({ position, event: { specversion: "1.0", id: "e" + position, type,
          source: "/threads/" + thread, time: new Date(Date.now()).toISOString(), data: {} } }) + "\\n\\n";
      }
      if (text !== "") line.enqueue(new TextEncoder().encode(text));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    going = false;
    watcher.disconnect();
    return { frames, drawn, sent };
  };`;
