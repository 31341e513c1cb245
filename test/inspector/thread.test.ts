/** The page of a thread, in a real browser beside a real server and agents. */
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connectAgent, type TurnContext } from "../../src/client/index.ts";
import type { Json } from "../../src/contract/event.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import type { LogEntry } from "../../src/contract/views/log.ts";
import type { ThreadView } from "../../src/contract/views/thread.ts";
import { judgeAccess } from "./judge-access.ts";
import { openPage, stage, takePictures, useOperator, within } from "./stage.ts";

type Answer = (turn: TurnAssigned, context: TurnContext) => Promise<{ [key: string]: Json }> | { [key: string]: Json };

const hostile = `\u202e<img src="x" onerror="globalThis.hit = true"><script>globalThis.hit = true</script>`;
const changes = { $status: "changes_requested", changes: [hostile, "test the last retry"] };
const approved = { $status: "approved", summary: "fine" };

const tokens = new Map<string, string>();

async function join(id: string, capabilities: string[]): Promise<string> {
  const token = tokens.get(id) ?? (await useOperator().add(id, capabilities));
  tokens.set(id, token);
  return token;
}

/** An agent that is there until the test is over, and takes what it is offered: of other tests' reviews it hears nothing. */
async function connect(id: string, capabilities: string[], answer: Answer): Promise<void> {
  const agent = connectAgent({
    url: stage?.url ?? "",
    token: await join(id, capabilities),
    onOffer: () => "claim",
    onTurn: (turn, context) => answer(turn as TurnAssigned, context),
  });
  onTestFinished(() => agent.close());
}

/** Begins a review that `author` asks for, by a workflow of its own: `ada-review`, with reviewers that can `ada-review`. */
async function beginReview(author: string): Promise<string> {
  await useOperator().publishReview(author);
  const token = await join(author, ["coding"]);
  const posted = await fetch(`${stage?.url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      id: `ready:${author}`,
      type: `${author}.ready_for_review`,
      data: { repo: author, pr: 1, title: hostile },
    }),
  });
  const { threads } = (await posted.json()) as { threads: string[] };
  return threads[0] ?? "";
}

const read = (id: string): Promise<ThreadView> => useOperator().call("GET", `v1/threads/${id}`) as Promise<ThreadView>;

/** Until the log has all of a review of three steps: it comes up to half a second later than the thread's end. */
async function waitForLog(id: string): Promise<void> {
  await vi.waitFor(async () => {
    const { events } = (await useOperator().call("GET", `v1/events?correlationid=${id}&limit=200`)) as { events: LogEntry[] };
    const kinds = events.map(({ event }) => event.type);
    expect(kinds.filter((kind) => kind === "nerve.turn.respond")).toHaveLength(3);
    expect(kinds).toContain("nerve.thread.completed");
  }, within);
}

const openThread = (id: string, options?: Parameters<typeof openPage>[1]): Promise<Page> => openPage(`/ui/threads/${id}`, options);
const scene = (page: Page) => page.getByRole("region", { name: "At this moment" });
const dialogOf = (page: Page) => page.getByRole("dialog");
const hasRun = (page: Page) => page.evaluate(() => "hit" in globalThis);

describe.skipIf(!stage)("a thread's page", () => {
  test("[TPAGE1] a review is watched from a role that nobody holds to its end: what it waits for, who has the turn, and the way it took", async () => {
    const gate = Promise.withResolvers<void>();
    await connect("ada", ["coding"], () => ({ $status: "updated", note: "done" }));
    const id = await beginReview("ada");
    const page = await openThread(id);
    const why = page.getByRole("region", { name: "Why it stands here" });
    await why.getByText("Nobody holds").waitFor();
    // The button does what the command says.
    expect(await why.getByText(`nerveflare threads role ${id} reviewer --give <agent>`).count()).toBe(1);
    await why.getByRole("button", { name: "Give reviewer to an agent…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Nobody holds it now.").waitFor();
    expect(await judgeAccess(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Leave it" }).click();

    await connect("rob", ["ada-review"], async ({ last }) => {
      if (!last) return changes;
      await gate.promise;
      return approved;
    });
    await scene(page).getByText("rob").first().waitFor();
    await page.getByRole("tab", { name: "Steps (2)" }).waitFor();
    // Its second turn is open: the role is lit, and the step is not there yet.
    await vi.waitFor(async () => expect(await page.locator(".box-active .t-title").allTextContents()).toContain("reviewer"), within);
    gate.resolve();
    await page.getByRole("tab", { name: "Steps (3)" }).waitFor();
    await vi.waitFor(async () => expect(await page.locator(".box-end.box-active").count()).toBe(1), within);
    const taken = await page.locator(".label-taken .t-label").allTextContents();
    expect(taken.toSorted()).toEqual(["approved", "changes_requested", "new", "updated"]);
    await page.getByRole("heading", { name: "ada-review completed" }).waitFor();
  });

  test("[TPAGE2] [TPAGE8] the slider shows chart, roles, context and steps as they were, and goes by keyboard; the machine is copied with the state of then", async () => {
    await connect("bea", ["coding"], () => ({ $status: "updated", note: "done" }));
    const id = await beginReview("bea");
    await connect("ron", ["bea-review"], ({ last }) => (last ? approved : changes));
    await waitForLog(id);
    const page = await openThread(id);
    await page.getByRole("tab", { name: "Steps (3)" }).waitFor();
    const slider = page.getByRole("slider", { name: "Moment" });
    const waitForMoment = (told: RegExp) =>
      vi.waitFor(async () => expect(await slider.getAttribute("aria-valuetext")).toMatch(told), within);
    // What the log says is read as well: of what is read later, places before it move.
    await waitForMoment(/: (thread completed|review\.approved)$/);
    // Whatever the font: no text of a box runs over its edge.
    const over =
      "[...document.querySelectorAll('.chart-scroll .box')].filter((box) => [...box.querySelectorAll('text')].some((text) => text.getBBox().x + text.getBBox().width > box.firstElementChild.getBBox().x + box.firstElementChild.getBBox().width + 1)).map((box) => box.textContent)";
    expect(await page.evaluate(over)).toEqual([]);
    await slider.focus();
    await page.keyboard.press("Home");
    await waitForMoment(/^1 of /);
    await page.getByRole("tab", { name: "Steps (0)" }).waitFor();
    expect(await page.locator(".label-taken").count()).toBe(0);
    await page.getByText("Nobody has answered a turn yet").waitFor();
    // On to where the first turn is answered: the author has it, and one step is said.
    for (let place = 2; (await page.getByRole("tab", { name: "Steps (1)" }).count()) === 0 && place < 60; place++) {
      await page.keyboard.press("ArrowRight");
      // It is drawn some time after the key.
      await waitForMoment(new RegExp(`^${place} of `));
    }
    await scene(page).getByText("What the machines remember").click();
    await vi.waitFor(
      async () => expect(await page.getByRole("region", { name: "Context of task" }).textContent()).toContain('"round": 1'),
      within,
    );
    // The machine of this moment, by keyboard.
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const copy = page.getByRole("button", { name: "Copy for Stately the task machine" });
    await copy.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Copied the task machine.").waitFor({ state: "attached" });
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(copied).toContain(`// The thread ${id} stood at {"active":{"reviewer":`);
    expect(copied).toMatch(/tags: \[.*"here"\]/);
    await page.getByRole("button", { name: "End" }).click();
    await page.getByRole("tab", { name: "Steps (3)" }).waitFor();
    // Where the page may copy nothing, it shows what was asked for, selected.
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    await page.getByRole("button", { name: "Recruitment", exact: true }).click();
    await page.getByRole("button", { name: "Copy for Stately the recruitment machine" }).click();
    const shown = page.getByRole("dialog").getByRole("textbox", { name: "Copy the recruitment machine" });
    await shown.waitFor();
    const selected = await page.evaluate<string>("getSelection().toString()");
    expect(selected).toContain(`// The thread ${id} stood at "completed"`);
    expect(await judgeAccess(page, "dialog")).toEqual([]);
    await page.keyboard.press("ControlOrMeta+c");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Graph", exact: true }).click();
    expect(await page.getByRole("region", { name: "Context of task" }).textContent()).toContain('"round": 3');
    // And from a step back to its moment.
    await page.getByRole("grid", { name: "Steps" }).getByRole("button", { name: "2", exact: true }).click();
    await page.getByRole("article", { name: "Step 2" }).getByRole("button", { name: "Show this moment" }).click();
    await page.getByRole("tab", { name: "Steps (2)" }).waitFor();

    for (const name of ["Sequence", "Leases", "Trace"]) {
      await page.getByRole("tab", { name }).click();
      await page
        .getByText({ Sequence: "answers changes_requested", Leases: "holds it, lease 1", Trace: "recruit reviewer" }[name] ?? "")
        .first()
        .waitFor();
      expect(await judgeAccess(page, name === "Trace" ? undefined : "[role=tabpanel]"), name).toEqual([]);
    }
    await page.locator("main").evaluate((main) => main.scrollTo(0, 0));
    await takePictures(page, "thread");
  });

  test("[TPAGE3] what an agent wrote is text wherever it stands, runs nothing, and turns no other text round", async () => {
    await connect("cat", ["coding"], () => ({ $status: "updated", note: hostile }));
    const id = await beginReview("cat");
    await connect("ray", ["cat-review"], ({ last }) => (last ? { $status: "approved", summary: hostile } : changes));
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ status: "completed" }), within);
    const page = await openThread(id);
    await page.getByRole("tab", { name: "Steps (3)" }).waitFor();
    await page.getByRole("region", { name: "Output of step 3" }).getByText("\\u{202e}<img src").waitFor();
    expect(await page.locator("body").textContent()).not.toContain("\u202e");
    await page.getByRole("tab", { name: "Sequence" }).click();
    await page.getByRole("grid", { name: "Messages" }).waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await hasRun(page)).toBe(false);
  });

  test("[TPAGE4] [TPAGE9] from the page a thread is suspended, resumed with a supplement and cancelled, each after it was asked", async () => {
    await connect("dan", ["coding"], () => ({ $status: "updated", note: "done" }));
    const id = await beginReview("dan");
    const page = await openThread(id);
    await page.getByRole("button", { name: "Suspend…" }).click();
    await page.getByRole("dialog").getByLabel("Why").fill("a look first");
    await page.getByRole("dialog").getByRole("button", { name: "Suspend it" }).click();
    await page.getByRole("heading", { name: "dan-review suspended" }).waitFor();
    await page.getByRole("button", { name: "Resume…" }).click();
    await page.getByLabel("What whoever gets the next turn is to know").fill('{"hint": "page 9"}');
    await page.getByRole("dialog").getByRole("button", { name: "Resume it" }).click();
    await page.getByRole("heading", { name: "dan-review recruiting" }).waitFor();
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("dialog").waitFor();
    // Nothing happens before it is confirmed.
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await read(id)).toMatchObject({ status: "recruiting" });
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel it" }).click();
    await page.getByRole("heading", { name: "dan-review cancelled" }).waitFor();
    expect(await read(id)).toMatchObject({ status: "cancelled" });
    // Again from the beginning, and its role to another.
    await join("ria", ["dan-review"]);
    await page.getByRole("button", { name: "Restart…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restart from the beginning" }).click();
    await page.getByRole("heading", { name: "dan-review recruiting" }).waitFor();
    await page.getByText("begun 2 times").waitFor();
    await scene(page).getByRole("listitem").filter({ hasText: "reviewer" }).getByRole("button", { name: "Change…" }).click();
    await dialogOf(page).getByLabel("Who gets it").fill("ria");
    await dialogOf(page).getByRole("button", { name: "Give it to ria" }).click();
    await scene(page).getByRole("link", { name: "ria" }).first().waitFor();
    expect((await read(id)).roles["reviewer"]).toMatchObject({ agent: "ria" });
    await scene(page).getByRole("listitem").filter({ hasText: "reviewer" }).getByRole("button", { name: "Change…" }).click();
    await dialogOf(page).getByText("ria holds it now").waitFor();
    await dialogOf(page).getByRole("button", { name: "Take it, and recruit anew" }).click();
    await vi.waitFor(async () => expect((await read(id)).roles["reviewer"]?.agent ?? null).toBeNull(), within);
  });

  test("[TPAGE5] [TPAGE9] a fork from a step with another output goes on from that, and the page leads to it; what does not fit is said in the dialog", async () => {
    await connect("eve", ["coding"], () => ({ $status: "updated", note: "done" }));
    const id = await beginReview("eve");
    await connect("rex", ["eve-review"], ({ last }) => (last ? approved : changes));
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ status: "completed" }), within);
    const page = await openThread(id);
    await page.getByRole("grid", { name: "Steps" }).getByRole("button", { name: "1", exact: true }).click();
    await page.getByRole("article", { name: "Step 1" }).getByRole("button", { name: "Fork from here…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("With another output for step 1 of reviewer").check();
    await dialog.getByLabel("The output (JSON)").fill('{"$status": "bored"}');
    await dialog.getByRole("button", { name: "Fork after step 1" }).click();
    await dialog
      .getByRole("alert")
      .getByText('The output does not fit the schema of reviewer: /$status: must be one of "approved" or')
      .waitFor();
    await dialog.getByLabel("The output (JSON)").fill('{"$status": "approved", "summary": "at first sight"}');
    await dialog.getByRole("button", { name: "Fork after step 1" }).click();
    await page.getByText("A copy, up to step 1, of").waitFor();
    expect(page.url()).not.toContain(id);
    await page.getByRole("heading", { name: "eve-review completed" }).waitFor();
    await page.getByRole("article", { name: "Step 1" }).getByText("admin, in the place of rex").waitFor();
    expect(await read(id)).toMatchObject({ status: "completed", round: 3 });
    // The same of the thread itself: it goes on from there, and what came after counts no more.
    await page.getByRole("link", { name: id }).click();
    await page.getByRole("tab", { name: "Steps (3)" }).waitFor();
    await page.getByRole("grid", { name: "Steps" }).getByRole("button", { name: "1", exact: true }).click();
    await page.getByRole("article", { name: "Step 1" }).getByRole("button", { name: "Restart from here…" }).click();
    await dialog.getByLabel("With another output for step 1 of reviewer").check();
    await dialog.getByLabel("The output (JSON)").fill('{"$status": "approved", "summary": "at first sight"}');
    await dialog.getByRole("button", { name: "Restart after step 1" }).click();
    await page.getByText("begun 2 times").waitFor();
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ status: "completed", epoch: 2 }), within);
    expect((await read(id)).outcome?.output).toMatchObject({ summary: "at first sight" });
  });

  test("[TPAGE6] [TPAGE10] a token that may only read sees all and orders nothing; an agent sees what it takes part in, and why not more; a thread that is gone is said to be", async () => {
    const token = await join("fin", ["coding"]);
    const id = await beginReview("fin");
    const { token: reader } = (await useOperator().call("POST", "v1/operators", {
      body: JSON.stringify({ name: "looks-on", access: "read" }),
    })) as { token: string };
    const asReader = await openThread(id, { token: reader });
    await asReader.getByRole("region", { name: "Chart" }).getByRole("button", { name: "Graph" }).waitFor();
    for (const name of ["Suspend…", "Cancel…", "Fork…", "Give reviewer to an agent…"])
      expect(await asReader.getByRole("button", { name }).isDisabled(), name).toBe(true);
    await asReader.getByText("Your token may only read.").waitFor();
    await asReader.route(`**/v1/threads/${id}`, async (route) => {
      const json = (await (await route.fetch()).json()) as object;
      await route.fulfill({ json: { ...json, unreachable: [{ receiver: `task/${id}`, error: "It does not answer.", since: null }] } });
    });
    await asReader.reload();
    await asReader.getByRole("alert").getByText(`task/${id} cannot be reached: It does not answer.`).waitFor();
    await asReader.getByRole("region", { name: "Chart" }).getByRole("button", { name: "Graph" }).waitFor();
    const asAgent = await openThread(id, { token });
    await asAgent.getByText("The chart is not shown").waitFor();
    expect(await asAgent.getByRole("button", { name: "Cancel…" }).count()).toBe(0);
    const gone = await openThread(`t${"a".repeat(25)}`);
    await gone.getByRole("heading", { name: "It is not there" }).waitFor();
  });

  test("[TPAGE7] ten thousand steps, and an output of 250 KB, are shown in a page that stays small; of an archived thread it is said what is not kept", async () => {
    const id = `t${"b".repeat(25)}`;
    const rounds = 10_000;
    const at = (round: number): string => new Date(Date.UTC(2026, 0, 1) + round * 1_000).toISOString();
    const page = await openPage("/ui/agents");
    // Before its router is there, it would not hear that the address is another.
    await page.getByRole("heading", { name: "Agents", exact: true }).waitFor();
    const step = (round: number): object => ({
      ...{ round, role: "reviewer", agent: "rob", at: at(round) },
      output: { $status: "changes_requested", text: round === rounds ? "x".repeat(250_000) : "" },
      decision: { to: "author", prompt: null, because: '{"form":"status","status":"changes_requested"}' },
    });
    const view = {
      ...{
        id,
        workflow: "code-review",
        revision: "0".repeat(32),
        status: "completed",
        createdAt: at(0),
        updatedAt: at(rounds),
        round: rounds,
      },
      ...{ event: { id: "e", type: "t", source: "/agents/a", specversion: "1.0", time: at(0) }, roles: {}, children: [] },
      ...{ archivedAt: at(rounds + 1), keptUntil: at(rounds + 9) },
    };
    await page.route(`**/v1/threads/${id}**`, async (route) => {
      const { pathname, searchParams } = new URL(route.request().url());
      if (pathname.endsWith("/messages")) {
        const after = Number(searchParams.get("after"));
        const last = Math.min(rounds, after + 200);
        const messages = Array.from({ length: last - after }, (_, index) => step(after + index + 1));
        return route.fulfill({ json: { messages, next: last < rounds ? last : null } });
      }
      if (pathname.endsWith(id)) return route.fulfill({ json: view });
      return route.fulfill({
        status: 404,
        json: { code: "not_found", detail: "It was archived: of what its machines did nothing is kept.", status: 404 },
      });
    });
    await page.evaluate(
      `history.pushState(null, "", ${JSON.stringify(`/ui/threads/${id}`)}); dispatchEvent(new PopStateEvent("popstate"))`,
    );
    await page.getByRole("tab", { name: "Steps (10,000)" }).waitFor();
    await page.getByText("its page is answered from the log, and it cannot be restarted or forked").waitFor();
    expect(await page.getByRole("button", { name: "Fork…" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: /Show all 2\d\d,\d\d\d characters/ }).waitFor();
    expect(await page.locator("*").count()).toBeLessThan(1_500);
    expect(await page.getByRole("region", { name: `Output of step ${rounds}` }).textContent()).toHaveLength(20_000);
  });
});
