/** The pages of workflows, agents and offers, live, beside a real server. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connectAgent } from "../../src/client/index.ts";
import type { Json } from "../../src/contract/event.ts";
import { judgeAccess } from "./judge-access.ts";
import { openPage, stage, takePictures, useOperator, within } from "./stage.ts";

const post = (token: string, type: string, data: Json, id: string = crypto.randomUUID()) =>
  fetch(`${stage?.url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ id, type, data }),
  }).then(async (answer) => {
    expect(answer.status, await answer.clone().text()).toBe(202);
    return (await answer.json()) as { threads?: string[] };
  });

/** The offer of a thread, once this agent has it. */
function waitForOffer(token: string, thread: string): Promise<string> {
  return vi.waitFor(async () => {
    const me = await fetch(`${stage?.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    const { offers } = (await me.json()) as { offers: { offer: string; thread: string }[] };
    const own = offers.find((each) => each.thread === thread);
    expect(own).toBeDefined();
    return own?.offer ?? "";
  }, within);
}

describe.skipIf(!stage)("pages of what runs", () => {
  test("[INSP18] a workflow's file is shown with the compiler's warnings under their lines; withdrawn, its page leads to its threads", async () => {
    const operator = useOperator();
    const body = await operator.publishReview("careless", (text) =>
      text.replace(/( {2}reviewer:\n(?:.*\n)*? {4}approved:\n(?:.*\n)*? {6}prompt: )"(.*)"/, '$1"{% if summary %}$2{% endif %}"'),
    );
    expect(body).toContain("{% if summary %}");
    const page = await openPage("/ui/workflows/careless-review");
    const source = page.getByRole("region", { name: "Its source" });
    await source.getByText(/The compiler says: \d warning/).waitFor();
    const line = body.split("\n").findIndex((each) => each.includes("{% if summary %}")) + 1;
    await source
      .getByRole("link", { name: `line ${line}`, exact: true })
      .first()
      .waitFor();
    await source.locator(`#line-${line} .source-finding`).first().waitFor();
    expect(await source.locator(`#line-${line} .carets`).first().textContent()).toMatch(/^ +\^+$/);
    expect(await judgeAccess(page)).toEqual([]);
    await source.locator(`#line-${line}`).scrollIntoViewIfNeeded();
    await takePictures(page, "workflow-warnings");

    const { threads } = await post(await operator.add("careless-author", ["coding"]), "careless.ready_for_review", { repo: "r", pr: 1 });
    // The index hears of it later than who has posted.
    await vi.waitFor(
      async () => expect(JSON.stringify(await operator.call("GET", "v1/threads?workflow=careless-review"))).toContain(threads?.[0]),
      within,
    );
    await operator.call("DELETE", "v1/workflows/careless-review");
    await page.reload();
    await page.getByRole("heading", { name: "It is not published any more" }).waitFor();
    await page.getByText("1 thread runs on it").waitFor();
    await page.getByRole("link", { name: "Show its threads" }).click();
    await page
      .getByRole("row")
      .filter({ hasText: threads?.[0] ?? "" })
      .waitFor();
  });

  test("[INSP23] a workflow's page says how its threads fare, without its being loaded again; what was drawn and unfolded stays", async () => {
    const operator = useOperator();
    await operator.publishReview("faring");
    const author = await operator.add("faring-author", ["coding"]);
    const page = await openPage("/ui/workflows/faring-review");
    const fares = page.getByRole("region", { name: "How its threads fare" });
    await fares.getByText("none has ended yet").waitFor();
    await page.getByRole("button", { name: "Task", exact: true }).click();
    const picture = await page.getByLabel("Chart").locator("svg").elementHandle();
    const agent = connectAgent({
      ...{ url: stage?.url ?? "", token: await operator.add("faring-reviewer", ["faring-review"]), onOffer: () => "claim" },
      onTurn: () => ({ $status: "approved", summary: "fine" }),
    });
    onTestFinished(() => agent.close());
    await post(author, "faring.ready_for_review", { repo: "r", pr: 1 });
    await fares.getByText("1 of 1 completed").waitFor();
    await fares.getByText("0 of 8, 0 queued").waitFor();
    expect(await picture?.evaluate((svg) => (svg as { isConnected: boolean }).isConnected)).toBe(true);
  });

  test("[INSP17] the board says live who claimed, was outbid and declined, and what became of the offer", async () => {
    const operator = useOperator();
    const roles = `roles:
  buyer:
    type: open
    description: B.
    capabilities: [auction]
    recruitment: { timeout: 2m, pick: best, score: bid }
    frontmatter: { properties: { $status: { const: done } }, required: [$status] }
graph:
  $START: { new: { role: buyer, prompt: "Buy." } }
  buyer: { done: { role: $END, prompt: "Done." } }`;
    const body = `name: auction\nbinding: cloud\ndescription: The highest bid wins.\nreflexes: [{ kind: workflow, on: [auction.go] }]\n${roles}\n`;
    await operator.call("PUT", "v1/workflows/auction", { body, contentType: "application/yaml" });
    const tokens = await Promise.all(["low", "high", "never"].map((name) => operator.add(`${name}-bidder`, ["auction"])));
    const page = await openPage("/ui/board");
    await page.getByText("live", { exact: true }).waitFor();
    const bidders = tokens.map((token) =>
      connectAgent({ url: stage?.url ?? "", token, onOffer: () => "ignore", onTurn: () => ({ $status: "done" }) }),
    );
    onTestFinished(async () => void (await Promise.all(bidders.map((each) => each.close()))));
    await Promise.all(bidders.map((each) => each.ready));
    const { threads } = await post(tokens[0] ?? "", "auction.go", {});
    const thread = threads?.[0] ?? "";
    const offered = page.getByRole("region", { name: "Offer of auction" });
    await offered.getByText("Nobody has answered it yet.").waitFor();
    // The board may know of it before those who are asked do.
    const [offer = ""] = await Promise.all(tokens.map((token) => waitForOffer(token, thread)));
    await post(tokens[2] ?? "", "nerve.offer.decline", { offer, reason: "too dear" });
    await offered.getByText("declined").waitFor();
    await post(tokens[0] ?? "", "nerve.offer.claim", { offer, bid: 1 });
    await post(tokens[1] ?? "", "nerve.offer.claim", { offer, bid: 7 });
    const decided = page.getByRole("region", { name: "Decided of late" }).getByRole("listitem").filter({ hasText: "auction" }).first();
    await decided.getByText("awarded").waitFor();
    await decided.getByText("outbid").waitFor();
    await vi.waitFor(
      async () =>
        expect(
          (await decided.getByRole("list").getByRole("listitem").allTextContents())
            .map((each) => each.replaceAll(/[^\w ]+/g, "").trim())
            .toSorted(),
        ).toEqual(["awarded highbidder bid 7", "declined neverbidder  too dear", "outbid lowbidder bid 1"]),
      within,
    );
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "board-decided");
  });

  test("[INSP16] [API28] agents come and go on their page without its being loaded again; each shows what it holds and did last", async () => {
    const operator = useOperator();
    await operator.publishReview("here");
    const author = await operator.add("here-author", ["coding"]);
    const token = await operator.add("here-reviewer", ["here-review", "here"]);
    const page = await openPage("/ui/agents?capability=here");
    await page.getByText("live", { exact: true }).waitFor();
    const row = page.getByRole("row").filter({ hasText: "here-reviewer" });
    await row.getByText("never seen").waitFor();
    const gate = Promise.withResolvers<void>();
    const { threads } = await post(author, "here.ready_for_review", { repo: "here", pr: 1 });
    const agent = connectAgent({
      ...{ url: stage?.url ?? "", token, onOffer: ({ thread }) => (thread === threads?.[0] ? "claim" : "ignore") },
      onTurn: async () => {
        await gate.promise;
        return { $status: "approved", summary: "fine" };
      },
    });
    try {
      await row.getByText("online").waitFor();
      await row.getByRole("link", { name: "here-reviewer" }).click();
      const held = page.getByRole("region", { name: "Roles that it holds" });
      await held.getByText("reviewer").waitFor();
      expect(await held.getByRole("link", { name: "here-review" }).getAttribute("href")).toBe(`/ui/threads/${threads?.[0]}`);
      gate.resolve();
      // Live, for it says something.
      await page.getByRole("region", { name: "Its last turns" }).getByText("answered").waitFor();
      await held.getByText("No role.").waitFor();
      expect(await judgeAccess(page)).toEqual([]);
      await takePictures(page, "agent-turns");
    } finally {
      await agent.close();
    }
  });
});
