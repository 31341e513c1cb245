/** Agents of the code-review workflow as the simulations play them: each says again what was not answered, and answers each turn once. */

import type { Accepted, InboxItem, Rejected } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import type { AgentCore } from "../../src/durable/agent/agent-core.ts";
import { createRandom as createNumbers } from "../../src/explore/create-random.ts";
import { type ThreadCluster, token } from "./thread-cluster.ts";

/** Numbers of a seed; those of neighbouring seeds have nothing in common. */
export const createRandom = (seed: number) => createNumbers(seed * 2_654_435_761 + 1);

export interface Player {
  id: string;
  /** Not yet answered: sent again under the same id until it is. */
  outgoing: { id: string; type: string; data: object }[];
  seen: Map<number, InboxItem>;
  answers: Map<string, object>;
  /** A connection: it ends with the life of the object that it reaches. */
  connection?: { core: AgentCore; given: InboxItem[] };
}

export function createPlayer(id: string): Player {
  return { id, outgoing: [], seen: new Map(), answers: new Map() };
}

/** What a turn's holder answers: a change is asked for once. */
function perform(turn: TurnAssigned): object {
  if (turn.role.name === "author") return { $status: "updated", note: turn.turn };
  return turn.last ? { $status: "approved", summary: turn.turn } : { $status: "changes_requested", changes: [turn.turn] };
}

async function poll(core: AgentCore, agent: string): Promise<InboxItem[]> {
  const page = await core.inbox({ agent, token }, { channels: ["my", "open"], waitSeconds: 0, limit: 50 });
  if (!page.ok) throw new Error(page.problem.code);
  return page.value.events;
}

function connect(player: Player, core: AgentCore, random: () => number): Player["connection"] {
  delete player.connection;
  if (random() < 0.5) return undefined;
  const given: InboxItem[] = [];
  player.connection = { core, given };
  core.mailbox.attach({
    channels: ["my", "open"],
    through: 0,
    held: new Map(),
    caughtUp: false,
    ready: () => true,
    give: (item) => void given.push(JSON.parse(JSON.stringify(item))),
    note: () => {},
  });
  core.connected();
  return player.connection;
}

export async function act(cluster: ThreadCluster, player: Player, random: () => number, accepted: Map<string, object>): Promise<void> {
  const core = cluster.agent(player.id);
  const principal = { agent: player.id, token };
  try {
    const connection = player.connection?.core === core ? player.connection : connect(player, core, random);
    const events = connection ? connection.given.splice(0) : await poll(core, player.id);
    for (const item of events) {
      const before = player.seen.get(item.seq);
      if (before && before.event.id !== item.event.id) throw new Error(`the number ${item.seq} is another's`);
      player.seen.set(item.seq, item);
      take(player, item);
    }
    const acked = events.filter(() => random() < 0.7).map(({ seq }) => seq);
    if (acked.length) await core.ack(principal, { seqs: acked });
    const [event] = player.outgoing;
    if (!event) return;
    const answer = await core.accept(principal, [event]);
    if (!answer.ok) throw new Error(answer.problem.code);
    hear(player, event, answer.value[0] as Accepted | Rejected, accepted);
  } catch {
    // Its object ended meanwhile: it comes again.
  }
}

function take(player: Player, { event }: InboxItem): void {
  const send = (id: string, type: string, data: object): void => {
    if (!player.outgoing.some((each) => each.id === id)) player.outgoing.push({ id, type, data });
  };
  if (event.type === "nerve.offer.opened") {
    const { offer } = event.data as { offer: string };
    send(`claim:${offer}`, "nerve.offer.claim", { offer });
  }
  if (event.type === "nerve.turn.assigned") {
    const turn = event.data as unknown as TurnAssigned;
    const id = `answer:${turn.turn}:${turn.lease.generation}`;
    const output = player.answers.get(id) ?? perform(turn);
    player.answers.set(id, output);
    send(id, "nerve.turn.respond", { turn: turn.turn, lease: turn.lease.generation, output });
  }
}

function hear(player: Player, event: Player["outgoing"][number], answer: Accepted | Rejected, accepted: Map<string, object>): void {
  if (answer.status === "rejected" && answer.error.retryable) return;
  player.outgoing.shift();
  if (answer.status === "accepted") accepted.set(`/agents/${player.id} ${event.id}`, event);
  else if (!["offer_closed", "turn_over", "stale_lease"].includes(answer.error.code)) throw new Error(JSON.stringify(answer.error));
}
