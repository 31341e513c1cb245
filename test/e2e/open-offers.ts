/**
 * Offers that are open as their server is killed, to one agent with a socket and one that polls: shown to both and claimed by none,
 * claimed with the verdict on its way, and just closed. What both are given is kept, over all lives of the server.
 */
import { expect, vi } from "vitest";
import type { InboxItem } from "../../src/contract/frames/server-frames.ts";
import { call, type Ear, openEar, type WireName } from "../../src/probe/probe-wire.ts";

const workflow = `
name: duel
description: One role for two.
binding: cloud
reflexes: [ { kind: workflow, on: [duel.needed] } ]
roles:
  doer:
    description: Does it.
    goal: It is done.
    type: open
    capabilities: [duel]
    procedure: Do it.
    output: That it is done.
    frontmatter: { properties: { $status: { const: done } }, required: [$status] }
graph:
  $START:
    new: { role: doer, prompt: "Do it." }
  doer:
    done: { role: $END, prompt: "Done." }
`;

const within = { timeout: 30_000, interval: 50 };

interface Player {
  id: string;
  wire: WireName;
  token: string;
  ear: Ear | undefined;
  /** Of the ears before. */
  heard: InboxItem[];
}

type Data = { offer?: string; thread?: string; turn?: string; lease?: { generation: number } };

/** A thread and how far it was when the server was killed. */
interface Duel {
  thread: string;
  offer: string;
  state: "shown" | "claimed" | "closed";
}

const listItems = ({ heard, ear }: Player): InboxItem[] => [...heard, ...(ear?.items ?? [])];

export interface OpenOffers {
  /** Begins three threads, and brings their offers to where the server is to be killed. */
  open(): Promise<void>;
  /** After a restart: both come back, and claim what is open still. */
  goOn(): Promise<void>;
  /** Plays all threads to their end, and expects that all is as it is promised. */
  expectWhole(): Promise<void>;
  close(): Promise<void>;
}

export async function createOpenOffers(server: { url: string; adminToken: string }): Promise<OpenOffers> {
  const operator = { url: server.url, token: server.adminToken };
  const published = await call(operator, "PUT", "v1/workflows/duel", workflow, { "content-type": "text/yaml" });
  expect(published.status, JSON.stringify(published.body)).toBeLessThan(300);
  const register = async (id: string, capabilities: string[]): Promise<string> =>
    String((await call(operator, "POST", "v1/agents", { id, capabilities })).body["token"]);
  const boss = { url: server.url, token: await register("duel-boss", []) };
  const players: Player[] = [];
  for (const wire of ["socket", "poll"] as const)
    players.push({ id: `duel-${wire}`, wire, token: await register(`duel-${wire}`, ["duel"]), ear: undefined, heard: [] });
  const [socket, poll] = players as [Player, Player];
  const duels: Duel[] = [];
  let rounds = 0;

  const find = (player: Player, type: string, fits: (data: Data) => boolean): Data | undefined =>
    listItems(player).find(({ event }) => event.type === type && fits(event.data as Data))?.event.data as Data | undefined;
  const say = (player: { url: string; token: string }, id: string, type: string, data: object) =>
    call(player, "POST", "v1/events", { specversion: "1.0", id, type, data } as never);
  const asParty = ({ token }: Player) => ({ url: server.url, token });

  /** As a client does: the same event until it is answered. */
  async function insist(player: Player, id: string, type: string, data: object): Promise<{ status: number; code: unknown }> {
    return vi.waitFor(async () => {
      const { status, body } = await say(asParty(player), id, type, data);
      if (status >= 500) throw new Error(JSON.stringify(body));
      return { status, code: body["code"] };
    }, within);
  }

  async function comeBack(player: Player): Promise<void> {
    if (player.ear) player.heard.push(...player.ear.items);
    await player.ear?.close().catch(() => {});
    player.ear = await vi.waitFor(() => openEar(player.wire, { ...asParty(player), id: player.id }), within);
  }

  const claim = (player: Player, offer: string) => insist(player, `claim:${offer}`, "nerve.offer.claim", { offer });
  const hasRole = (player: Player, offer: string): boolean =>
    find(player, "nerve.claim.accepted", (data) => data.offer === offer) !== undefined;

  async function open(): Promise<void> {
    rounds += 1;
    // The server may have been killed since.
    await Promise.all(players.map(comeBack));
    const begun: Duel[] = [];
    for (const state of ["shown", "claimed", "closed"] as const) {
      const { body } = await say(boss, `needed:${rounds}:${state}`, "duel.needed", {});
      const [thread] = body["threads"] as [string];
      await vi.waitFor(() => {
        for (const player of players)
          expect(
            find(player, "nerve.offer.opened", (data) => data.thread === thread),
            player.id,
          ).toBeDefined();
      }, within);
      begun.push({ thread, state, offer: find(socket, "nerve.offer.opened", (data) => data.thread === thread)?.offer ?? "" });
    }
    duels.push(...begun);
    const closed = begun.find(({ state }) => state === "closed") as Duel;
    await claim(socket, closed.offer);
    await vi.waitFor(() => expect(hasRole(socket, closed.offer)).toBe(true), within);
    const claimed = begun.find(({ state }) => state === "claimed") as Duel;
    // Nobody waits for what it is answered: the server is killed meanwhile.
    void say(asParty(socket), `claim:${claimed.offer}`, "nerve.offer.claim", { offer: claimed.offer }).catch(() => {});
  }

  async function goOn(): Promise<void> {
    await Promise.all(players.map(comeBack));
    await Promise.all(
      duels
        .slice(-3)
        .flatMap(({ offer, state }) => (state === "closed" ? [claim(poll, offer)] : players.map((player) => claim(player, offer)))),
    );
  }

  /** The one that has the role. */
  function expectOneWinner({ offer, thread, state }: Duel): [winner: Player, loser: Player] {
    const winners = players.filter((player) => hasRole(player, offer));
    expect(
      winners.map(({ id }) => id),
      `${thread}, ${state}`,
    ).toHaveLength(1);
    return winners[0] === socket ? [socket, poll] : [poll, socket];
  }

  async function playToEnd(duel: Duel): Promise<void> {
    const [winner] = await vi.waitFor(() => expectOneWinner(duel), within);
    const turn = await vi.waitFor(() => {
      const found = find(winner, "nerve.turn.assigned", (data) => data.thread === duel.thread);
      expect(found, `the turn of ${duel.thread}`).toBeDefined();
      return found as Data;
    }, within);
    const answer = { turn: turn.turn, lease: turn.lease?.generation, output: { $status: "done" } };
    expect((await insist(winner, `done:${turn.turn}`, "nerve.turn.respond", answer)).status).toBe(202);
    await vi.waitFor(async () => {
      expect((await call(operator, "GET", `v1/threads/${duel.thread}`)).body["status"]).toBe("completed");
    }, within);
  }

  async function expectWhole(): Promise<void> {
    await Promise.all(players.map(comeBack));
    await Promise.all(duels.map(playToEnd));
    for (const duel of duels) {
      const [, loser] = expectOneWinner(duel);
      await vi.waitFor(() => {
        const closed = find(loser, "nerve.offer.closed", (data) => data.offer === duel.offer);
        expect(closed, `${loser.id} was shown ${duel.offer} (${duel.state})`).toBeDefined();
      }, within);
    }
    for (const player of players) expectNumbersOnce(player.id, listItems(player));
  }

  return {
    open,
    goOn,
    expectWhole,
    async close() {
      await Promise.all(players.map(({ ear }) => ear?.close()));
    },
  };
}

/** Nothing was given under a number that something else was given under. */
function expectNumbersOnce(player: string, items: InboxItem[]): void {
  for (const [seq, same] of Map.groupBy(items, (item) => item.seq))
    expect(new Set(same.map(({ event }) => event.id)), `${player}, ${seq}`).toHaveProperty("size", 1);
}
