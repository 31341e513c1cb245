/** A person's turn, in a real browser beside a real server: from the link that a webhook brings to the end of the thread. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Page } from "playwright-core";
import { Webhook as Receiver } from "standardwebhooks";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connectAgent } from "../../src/client/index.ts";
import type { CloudEvent, Json } from "../../src/contract/event.ts";
import type { ThreadView } from "../../src/contract/views/thread.ts";
import { judgeAccess } from "./judge-access.ts";
import { openPage, stage, takePictures, useOperator, within } from "./stage.ts";

const hostile = `<img src="x" onerror="globalThis.hit = true"><script>globalThis.hit = true</script>`;

/** A copy of the approval's workflow that no other test's people hear of. @returns its name, which is also the approvers' capability */
async function publish(edit: (text: string) => string = (text) => text): Promise<string> {
  const name = `approval-${crypto.randomUUID().slice(0, 8)}`;
  const text = await readFile(join(import.meta.dirname, "../../workflows/release-approval.yaml"), "utf8");
  const own = edit(
    text
      .replaceAll("release-approval", name)
      .replaceAll("release.", `${name}.`)
      .replaceAll("release-preparation", `p-${name}`)
      .replaceAll("release-escalation", `e-${name}`),
  );
  await useOperator().call("PUT", `v1/workflows/${name}`, { body: own, contentType: "application/yaml" });
  return name;
}

/** Begins an approval, whose preparer answers so. @returns the thread */
async function begin(name: string, summary = hostile, token?: string): Promise<string> {
  const agent = connectAgent({
    url: stage?.url ?? "",
    token: token ?? (await useOperator().add(`preparer-${name}`, [`p-${name}`])),
    onOffer: () => "claim",
    onTurn: () => ({ $status: "prepared", summary, checks: ["all passed"], risk: "low" }),
  });
  onTestFinished(() => agent.close());
  const { threads } = await agent.send({ type: `${name}.proposed`, data: { repo: "nerve", version: "2.1", changes: ["one"] } });
  return threads[0] ?? "";
}

async function addPerson(name: string, capability: string): Promise<string> {
  const token = await useOperator().add(name, [capability]);
  await say(token, "nerve.agent.report", { labels: { person: true } });
  return token;
}

async function say(token: string, type: string, data: Json): Promise<void> {
  const answer = await fetch(`${stage?.url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ id: crypto.randomUUID(), type, data }),
  });
  expect(answer.status, await answer.text()).toBe(202);
}

/** Somebody's server, which hears of what waits for people. */
async function receive(workflow: string): Promise<CloudEvent[]> {
  const got: CloudEvent[] = [];
  let secret = "";
  const server = createServer(async (request, response) => {
    got.push(new Receiver(secret).verify(String(await buffer(request)), request.headers as Record<string, string>) as CloudEvent);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const kinds = ["nerve.offer.opened", "nerve.turn.assigned"];
  const made = await useOperator().call("POST", "v1/webhooks", { body: JSON.stringify({ url, kinds, workflow, role: "approver" }) });
  ({ secret } = made as { secret: string });
  return got;
}

const read = (id: string): Promise<ThreadView> => useOperator().call("GET", `v1/threads/${id}`) as Promise<ThreadView>;
const hasRun = (page: Page) => page.evaluate(() => "hit" in globalThis);
const path = (thread: string) => `/ui/turns/${thread}/approver`;

async function takeRole(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Take it" }).click();
  await page.getByRole("heading", { name: "Your answer" }).waitFor();
}

/** Moves the focus on, as a reader without a mouse does, to what has this name. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let steps = 0; steps < 60; steps++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate<string>(
      "[document.activeElement?.labels?.[0]?.textContent, document.activeElement?.textContent].join(' ').trim()",
    );
    if (typeof name === "string" ? focused.includes(name) : name.test(focused)) return;
  }
  throw new Error(`the focus never came to ${name}`);
}

/** A browser's own notifications, and whether somebody looks at the page. */
const notebook = `
  globalThis.told = []; globalThis.looks = true;
  class Notification { static permission = "default"; static async requestPermission() { return (Notification.permission = "granted"); }
    constructor(title, { body, tag }) { Object.assign(this, { title, body, tag }); told.push(this); } }
  Object.defineProperty(globalThis, "Notification", { value: Notification });
  Object.defineProperty(document, "visibilityState", { get: () => (looks ? "visible" : "hidden") });`;

describe.skipIf(!stage)("a person", () => {
  test("[PERSON14] a turn that is not answered by its deadline goes to whoever decides then, who reads why", async () => {
    const name = await publish((text) =>
      text.replace("turn: { timeout: 8h, on_timeout: forfeit }", "turn: { timeout: 6s, on_timeout: forfeit }"),
    );
    const [ann, zoe] = [await addPerson(`ann-${name}`, name), await addPerson(`zoe-${name}`, `e-${name}`)];
    const thread = await begin(name);
    const [page, other] = await Promise.all([openPage(path(thread), { token: ann }), openPage("/ui/turns", { token: zoe })]);
    await page.getByRole("button", { name: "Take it" }).click();
    await page.getByText(/^Answer in \d s$|^Answer now$/).waitFor();
    // Nobody answers. The page of who was asked says that it is over, and the other one is asked.
    await page.getByRole("heading", { name: "This turn is over" }).waitFor();
    await other.getByRole("button", { name: "Take it" }).click();
    await other.getByRole("link", { name: "Escalation" }).click();
    await other.getByText("Nobody has approved nerve 2.1 in time. Decide.").waitFor();
    await other.getByLabel("Approve", { exact: true }).check();
    await other.getByRole("button", { name: "Send answer" }).click();
    await other.getByRole("heading", { name: "Your answer was taken" }).waitFor();
    await vi.waitFor(async () => expect(await read(thread)).toMatchObject({ status: "completed" }), within);
  });

  test("[PERSON15] who comes to another's turn by its link is told live what becomes of the thread", async () => {
    const name = await publish();
    const [ann, preparer] = [await addPerson(`ann-${name}`, name), await useOperator().add(`preparer-${name}`, [`p-${name}`])];
    const thread = await begin(name, "all is well", preparer);
    const [page, other] = await Promise.all([openPage(path(thread), { token: ann }), openPage(path(thread), { token: preparer })]);
    await other.getByRole("heading", { name: "No turn waits for you here" }).waitFor();
    await takeRole(page);
    await other.getByText(`Approver is held by ann-${name}.`).waitFor();
    await page.getByLabel("Approve", { exact: true }).check();
    await page.getByRole("button", { name: "Send answer" }).click();
    await other.getByText(/^The thread of .+ is .*completed/).waitFor();
  });

  test("[PERSON7] [HOOK5] approves by keyboard alone, from the link that a signed webhook brings to the thread's end", async () => {
    const name = await publish();
    const told = await receive(name);
    const token = await addPerson(`ann-${name}`, name);
    const thread = await begin(name);
    await vi.waitFor(() => expect(told.map(({ type }) => type)).toContain("nerve.offer.opened"), within);
    const link = new URL(String(told[0]?.nrvlink));
    expect(link.href).toBe(`${stage?.url}${path(thread)}`);

    const page = await openPage(link.pathname, { token: null });
    await page.getByLabel("Your token").fill(token);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Take it" }).waitFor();
    expect(new URL(page.url()).pathname).toBe(link.pathname);
    await tabTo(page, "Take it");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your answer" }).waitFor();
    await vi.waitFor(() => expect(told.map(({ type }) => type)).toContain("nerve.turn.assigned"), within);
    await page.getByText(hostile).first().waitFor();
    expect(await hasRun(page)).toBe(false);
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "turn");

    // What does not fit is told before it is sent, and where.
    await tabTo(page, "Approve");
    await page.keyboard.press("ArrowRight");
    await page.getByLabel(/Item 1/).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("at least 3 characters").waitFor();
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "turn-misfit");

    await page.getByLabel("Approve", { exact: true }).focus();
    await page.keyboard.press("Space");
    await tabTo(page, "Note");
    await page.keyboard.type("Go, and thank you.");
    await page.reload();
    await page.getByLabel("Note").waitFor();
    expect(await page.getByLabel("Note").inputValue()).toBe("Go, and thank you.");
    await page.getByLabel("Note").focus();
    await tabTo(page, "Send answer");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your answer was taken" }).waitFor();
    await vi.waitFor(async () => expect(await read(thread)).toMatchObject({ status: "completed" }), within);
    expect((await read(thread)).outcome?.output).toMatchObject({ $status: "approved", note: "Go, and thank you." });
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  test("[PERSON6] [PERSON12] answers in two tabs, and again after the turn went to another: the second answer is refused plainly, and kept", async () => {
    const name = await publish();
    const token = await addPerson(`eve-${name}`, name);
    const thread = await begin(name);
    const first = await openPage(path(thread), { token });
    await takeRole(first);
    const second = await first.context().newPage();
    // It hears of nothing, as a page whose line is cut.
    await second.route("**/v1/inbox/stream*", (route) => route.abort());
    await second.goto(`${stage?.url}${path(thread)}`);
    await second.getByLabel("Stop the release").check();
    await second.getByLabel("Why").fill("Too early.");
    await first.getByLabel("Approve", { exact: true }).check();
    await first.getByRole("button", { name: "Send answer" }).click();
    await first.getByRole("heading", { name: "Your answer was taken" }).waitFor();
    await second.getByText("You answered this turn in another tab").waitFor();
    expect(await second.getByLabel("Why").inputValue()).toBe("Too early.");
    await second.getByRole("button", { name: "Send answer" }).click();
    await second.getByRole("heading", { name: "This turn is over" }).waitFor();
    await second.getByText("Your answer was not taken").waitFor();
    await vi.waitFor(async () => expect((await read(thread)).outcome?.output).toMatchObject({ $status: "approved" }), within);
  });

  test("[PERSON6] [PERSON8] [PERSON10] [PERSON11] hands a role back with what is done by then, and the next one reads it; whoever comes to the link then is told", async () => {
    const name = await publish();
    const [ann, bob] = [await addPerson(`ann-${name}`, name), await addPerson(`bob-${name}`, name)];
    const thread = await begin(name);
    const page = await openPage("/ui/turns", { token: ann });
    await page.getByRole("button", { name: "Take it" }).click();
    await page.getByRole("link", { name: "Approver" }).click();
    await page.getByLabel("Stop the release").check();
    await page.getByLabel("Why").fill("The checks are missing.");
    await page.getByLabel("How far are you?").fill("I would stop it");
    await page.getByRole("button", { name: "Tell", exact: true }).click();
    await page.getByText("Told.").waitFor();
    await page.getByText("Who else could?").click();
    await page.getByRole("list", { name: "Who could have it now" }).getByText(`bob-${name}`).waitFor();
    // Another tab, which hears of nothing.
    const stale = await page.context().newPage();
    await stale.route("**/v1/inbox/stream*", (route) => route.abort());
    await stale.goto(`${stage?.url}${path(thread)}`);
    await stale.getByLabel("Stop the release").check();
    await stale.getByLabel("Why").fill("The checks are missing.");
    await page.getByRole("button", { name: "Hand it back…" }).click();
    await page.getByLabel(/^Why \(kept/).fill("on leave");
    await page.getByRole("button", { name: "Hand it back", exact: true }).click();
    await page.getByRole("heading", { name: "You handed it back" }).waitFor();

    const next = await openPage(path(thread), { token: bob });
    await takeRole(next);
    await next.getByText("had it before you: released").waitFor();
    await next.getByText("I would stop it").waitFor();
    await next.getByText("The checks are missing.").waitFor();
    // The role is another's: what the one before answers does not count, and is told why.
    await stale.getByRole("button", { name: "Send answer" }).click();
    await stale.getByRole("heading", { name: /This turn is (over|not yours any more)|Your answer was not taken/ }).waitFor();
    expect(await read(thread)).toMatchObject({ status: "running" });
    await stale.close();
    await page.goto(`${stage?.url}${path(thread)}`);
    await page.getByRole("heading", { name: /No turn waits for you here/ }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You signed out. One draft was removed from this browser.").waitFor();
    expect(await page.evaluate("localStorage.length")).toBe(0);
    const asOperator = await openPage(path(thread));
    await asOperator.getByRole("heading", { name: "Turns are for accounts that play roles" }).waitFor();
  });

  test("[PERSON2] answers as JSON where no form can show the schema, beside an output of 250 KB", async () => {
    const name = await publish((text) =>
      text.replace(
        "frontmatter: &decision\n",
        "frontmatter: &decision\n      if: { properties: { $status: { const: stopped } } }\n      then: { required: [reason] }\n",
      ),
    );
    const token = await addPerson(`joe-${name}`, name);
    const thread = await begin(name, `${hostile}${"é".repeat(120_000)}`);
    const page = await openPage(path(thread), { token });
    await takeRole(page);
    await page.getByText("more than a form can show").waitFor();
    await page
      .getByRole("button", { name: /^Show all \d/ })
      .first()
      .waitFor();
    const field = page.getByLabel("Answer as JSON");
    await field.fill('{ "$status": "stopped" ');
    await page.getByText("no JSON yet").waitFor();
    await field.fill('{ "$status": "stopped" }');
    await page.getByText("reason").first().waitFor();
    expect(await page.getByText("It fits the role's schema").count()).toBe(0);
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "turn-raw");
    await field.fill('{ "$status": "stopped", "reason": "Not today." }');
    await page.getByText("It fits the role's schema").waitFor();
    await page.getByRole("button", { name: "Send answer" }).click();
    await page.getByRole("heading", { name: "Your answer was taken" }).waitFor();
    expect(await hasRun(page)).toBe(false);
  });

  test("[PERSON9] [PERSON13] sees what waits, says that it is a person, and finds nothing serious in the way", async () => {
    const name = await publish();
    const page = await openPage("/ui/turns", { token: await useOperator().add(`new-${name}`, [name]), first: notebook });
    await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
    await page.getByRole("button", { name: "I am a person" }).click();
    // Until it is said, nothing is offered to it.
    await page.getByRole("button", { name: "I am a person" }).waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Tell me when something waits" }).click();
    await page.getByText("This browser tells you").waitFor();
    await page.evaluate("globalThis.looks = false");
    const thread = await begin(name);
    await page.getByRole("button", { name: "Take it" }).waitFor();
    expect(await page.evaluate("told.map(({ title, tag }) => title)")).toEqual([`May be yours: approver in ${name}`]);
    // A click on it leads to the offer.
    await page.evaluate("globalThis.looks = true, told[0].onclick()");
    await page.waitForURL(`**${path(thread)}`);
    await page.goBack();
    await page.getByRole("button", { name: "Take it" }).waitFor();
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, "turns-offer");
    await page.getByRole("button", { name: "Take it" }).click();
    await page.getByRole("list", { name: "Turns that wait for you" }).getByRole("link", { name: "Approver" }).waitFor();
    await takePictures(page, "turns");
  });
});
