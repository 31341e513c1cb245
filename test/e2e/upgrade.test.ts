/**
 * Data folders that a server of an earlier version left, each under the server of now: what was promised then is kept now. Their
 * threads stand in every state (test/fixtures/upgrade/README.md), and go on to the end that they were to have.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { readRecord } from "../../src/local-server/data-folder.ts";
import { moveText, thawFolder } from "../fixtures/upgrade/folder.ts";
import { type Answer, type Hands, makeHands, type OpenTurn } from "../fixtures/upgrade/hands.ts";
import { listStories, readStory } from "../fixtures/upgrade/read-story.ts";
import { agents, type Story } from "../fixtures/upgrade/story.ts";
import { type Afterwards, makeDataFolder, startTestServer } from "./server-process.ts";

const within = { timeout: 120_000, interval: 100 };

/** For so long no server ran on the folder: what was to happen after half an hour is overdue. */
const asleep = 3_600_000;

/** How each thread ends that does not complete. */
const otherEnds: Record<string, string> = { failed: "failed", cancelled: "cancelled", unserved: "cancelled", dropped: "dropped" };

/** What is due by itself by the time that the server is there. */
const overdue = ["late", "unfilled"];

/** What the holder of a role answers. */
const statuses: Record<string, string> = { reviewer: "approved", author: "updated" };

async function open(name: string, afterwards: Afterwards) {
  const frozen = readStory(name);
  const data = await makeDataFolder(afterwards);
  const by = Date.now() - frozen.at - asleep;
  thawFolder(frozen.folder, data, by);
  const story: Story = { ...frozen, orders: JSON.parse(moveText(JSON.stringify(frozen.orders), by)) };
  const { facts } = await startTestServer(data, undefined, afterwards);
  const hands = makeHands(facts.url, facts.adminToken, story.tokens);
  /** That it is the one that was started: it has not crashed meanwhile. */
  const expectAlive = (): void => expect(readRecord(join(data, "server.json"))?.workerd?.pid).toBe(facts.pids.workerd);
  return { story, hands, expectAlive };
}

/** Sends an event, once. @throws when there is no answer, with the reason */
function post({ hands, story }: { hands: Hands; story: Story }, agent: string, event: Parameters<Hands["send"]>[1]): Promise<Answer> {
  return hands.call(story.tokens[agent] ?? "", "POST", "events", { specversion: "1.0", ...event });
}

/** The agents of the story, who remember what they have answered, as a client does. */
function rememberAnswers({ hands, story }: { hands: Hands; story: Story }) {
  const nameOf = ({ agent, turn, generation }: { agent: string; turn: string; generation: number }) => `${agent} ${turn} ${generation}`;
  const before = new Map<string, object>();
  for (const { agent, event } of story.sent) {
    const { turn, lease: generation } = event.data as { turn: string; lease: number };
    if (event.type === "nerve.turn.respond") before.set(nameOf({ agent, turn, generation }), event);
  }
  const answered: string[] = [];
  async function answer(agent: string, { turn, lease: { generation }, role }: OpenTurn): Promise<void> {
    const name = nameOf({ agent, turn, generation });
    const known = before.get(name) as Parameters<Hands["send"]>[1] | undefined;
    const output = { $status: statuses[role.name] ?? "done", note: `${role.name} of now` };
    const event = { id: `now:${turn}:${generation}`, type: "nerve.turn.respond", data: { turn, lease: generation, output } };
    const { status, body } = await post({ hands, story }, agent, known ?? event);
    expect({ name, status, body }).toMatchObject({ status: 202 });
    if (!known) answered.push(name);
  }
  return {
    answered,
    before: [...before.keys()],
    /** Claims what is offered and answers what is open. */
    async act(agent: string): Promise<void> {
      const { offers, turns } = await hands.look(agent);
      for (const { offer } of offers) {
        const claim = await post({ hands, story }, agent, { id: `claim:${offer}`, type: "nerve.offer.claim", data: { offer } });
        // The offer may have closed meanwhile.
        expect(claim.status === 202 || claim.body.code === "offer_closed", JSON.stringify(claim)).toBe(true);
      }
      for (const turn of turns) await answer(agent, turn);
    },
  };
}

async function expectAsItWas(hands: Hands, story: Story): Promise<void> {
  for (const [name, { id, status, for: word }] of Object.entries(story.threads)) {
    if (status === "" || overdue.includes(name)) continue;
    const shown = await hands.order("GET", `threads/${id}`);
    expect({ status: shown.status, for: shown.waiting?.for ?? null }, name).toEqual({ status, for: word });
    const { waits } = await hands.order("GET", `threads/${id}/explain`);
    expect(
      waits.map((wait: { for: string }) => wait.for),
      name,
    ).toEqual(word === null ? [] : [word]);
  }
  const late = story.threads.late?.id;
  const open = new Set(
    story.turns.filter(({ thread }) => thread !== late).map(({ agent, turn, generation }) => `${agent} ${turn} ${generation}`),
  );
  for (const agent of Object.keys(agents))
    for (const { turn, lease } of (await hands.look(agent)).turns) open.delete(`${agent} ${turn} ${lease.generation}`);
  expect([...open], "turns that their holders no longer have").toEqual([]);
}

async function expectKnown(hands: Hands, story: Story): Promise<void> {
  for (const { agent, event, answer } of story.sent) {
    const again = await post({ hands, story }, agent, event);
    const { threads = again?.body?.threads } = answer ?? {};
    expect({ event, again }).toMatchObject({ again: { status: 202, body: { id: event.id, status: "accepted", threads } } });
    const other = await post({ hands, story }, agent, { ...event, data: { ...event.data, other: true } });
    expect({ event, other }).toMatchObject({ other: { status: 409, body: { code: "id_conflict" } } });
  }
  for (const { path, body, key, answer } of story.orders) expect(await hands.order("POST", path, body, key)).toEqual(answer);
}

async function expectUnread(hands: Hands, story: Story): Promise<void> {
  for (const [agent, mail] of Object.entries(story.unread)) {
    const { body } = await hands.call(story.tokens[agent] ?? "", "GET", "inbox?channel=my,open&wait=0&limit=200");
    const found = body.events.map(({ seq, event }: { seq: number; event: { id: string; type: string } }) => ({
      seq,
      id: event.id,
      type: event.type,
    }));
    expect(found.slice(0, mail.length), agent).toEqual(mail);
    expect(new Set(found.map(({ seq }: { seq: number }) => seq)).size, agent).toBe(found.length);
  }
}

async function expectSecrets(hands: Hands, { secrets }: Story): Promise<void> {
  expect(await hands.call(secrets.operator, "GET", "threads?limit=1")).toMatchObject({ status: 200 });
  expect(await hands.call(secrets.former, "GET", "me")).toMatchObject({ status: 200, body: { id: "ron" } });
  const redeemed = await hands.call("", "POST", "enrolments/redeem", { code: secrets.code });
  expect(redeemed).toMatchObject({ status: 201, body: { id: "newcomer" } });
  expect(await hands.call(redeemed.body.token, "GET", "me")).toMatchObject({ status: 200, body: { capabilities: ["second"] } });
}

/** What only people can do. */
async function setGoing(hands: Hands, story: Story): Promise<void> {
  await hands.order("POST", "workflows/still/unpause", {});
  const { deadLetters } = await hands.order("GET", "dead-letters");
  expect(deadLetters).toMatchObject([{ thread: story.threads.dead?.id }]);
  await hands.order("POST", `dead-letters/${encodeURIComponent(deadLetters[0].id)}/retry`, {});
  for (const [name, { id }] of Object.entries(story.threads)) {
    const { status } = await hands.order("GET", `threads/${id}`);
    if (status === "suspended") await hands.order("POST", `threads/${id}/resume`, name === "self" ? { supplement: "do it" } : {});
  }
}

for (const name of listStories()) {
  test.concurrent(`[UPG1] [UPG2] [UPG3] ${name}: every thread goes on to its end, nothing is asked or taken twice`, {
    timeout: 300_000,
  }, async ({ onTestFinished }) => {
    const { story, hands, expectAlive } = await open(name, onTestFinished);
    await expectAsItWas(hands, story);
    await expectUnread(hands, story);
    await expectSecrets(hands, story);
    await expectKnown(hands, story);
    await setGoing(hands, story);

    const { act, answered, before } = rememberAnswers({ hands, story });
    const threads = Object.entries(story.threads);
    const isOver = (status: string): boolean => ["completed", "failed", "cancelled", "dropped"].includes(status);
    const read = async () =>
      Object.fromEntries(
        await Promise.all(threads.map(async ([each, { id }]) => [each, (await hands.order("GET", `threads/${id}`)).status])),
      );
    let ends: Record<string, string> = {};
    const began = performance.now();
    do {
      await delay(50);
      await Promise.all(Object.keys(agents).map(act));
      ends = await read();
    } while (!Object.values(ends).every(isOver) && performance.now() - began < within.timeout);
    const left = threads.filter(([each]) => !isOver(ends[each] ?? ""));
    const waits = await Promise.all(left.map(([, { id }]) => hands.order("GET", `threads/${id}/explain`)));
    expect(ends, `not over: ${JSON.stringify(waits)}`).toEqual(
      Object.fromEntries(threads.map(([each]) => [each, otherEnds[each] ?? "completed"])),
    );
    expect(answered.filter((turn, at) => answered.indexOf(turn) !== at)).toEqual([]);
    for (const [each, { id }] of threads) {
      const { messages } = await hands.order("GET", `threads/${id}/messages?limit=200`);
      const rounds = messages.map(({ round }: { round: number }) => round);
      expect(rounds, each).toEqual([...new Set(rounds)].sort((a, b) => Number(a) - Number(b)));
      // A broadcast's answers are one step, the engine's own are none of an agent's, and a fork begins with what was copied.
      if (each === "broadcast" || overdue.includes(each)) continue;
      const byAgents = messages.filter(({ agent }: { agent: string | null }) => agent !== null).length;
      const ofThread = [...before, ...answered].filter((turn) => turn.includes(` ${id}.`) || turn.includes(` ${id}-`)).length;
      expect(byAgents, each).toBe(ofThread + (each === "forked" ? 1 : 0));
    }
    await vi.waitFor(async () => {
      const { body } = await hands.call(story.tokens.gone ?? "", "GET", "inbox?channel=my&wait=0&limit=200");
      expect(body.events.map(({ event }: { event: { data: { text: string } } }) => event.data.text)).toEqual(["four", "five"]);
    }, within);
    expectAlive();
  });
}
