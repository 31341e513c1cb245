/** One review of a given number of turns between two agents, over raw sockets. */
import type { Json } from "../../src/contract/event.ts";
import type { InboxItem } from "../../src/contract/frames/server-frames.ts";
import type { OfferOpened } from "../../src/contract/kinds/offer.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { type AgentSocket, openAgentSocket } from "../review/agent-socket.ts";
import { authorOutputs, reviewerOutputs } from "../review/outputs.ts";

/** Two connected agents. */
export interface Pair {
  /**
   * Plays one thread to its end.
   * @param turns an even number
   * @param pause milliseconds before each answer
   * @param onTurn called with the number of each turn, from 1, when it is given; it is answered after
   */
  play(turns: number, pause: number, onTurn?: (turn: number) => Promise<void>): Promise<void>;
}

/** The thread that is played. */
interface Playing {
  turns: number;
  pause: number;
  given: number;
  reviewed: number;
  onTurn: ((turn: number) => Promise<void>) | undefined;
  ended(): void;
  failed(why: unknown): void;
}

/** Connects the author and the reviewer. */
export async function connectPair(url: string, tokens: { author: string; reviewer: string }): Promise<Pair> {
  let threads = 0;
  let playing: Playing | undefined;

  const onFailure = (why: string): void => playing?.failed(new Error(why));

  function onItem(socket: AgentSocket, { event }: InboxItem): void {
    if (event.type === "nerve.offer.opened")
      socket.send("nerve.offer.claim", { offer: (event.data as unknown as OfferOpened).offer }, event.id);
    else if (event.type === "nerve.turn.assigned") answer(socket, event.data as unknown as TurnAssigned, event.id);
    else if (event.type === "nerve.thread.completed" && socket === sockets.author) playing?.ended();
    else if (/^nerve\.(thread\.(failed|suspended|cancelled|dropped)|claim\.rejected|turn\.revoked)$/.test(event.type))
      onFailure(`${event.type}: ${JSON.stringify(event.data)}`);
  }

  function answer(socket: AgentSocket, { turn, lease, role }: TurnAssigned, causationid: string): void {
    if (!playing) return;
    playing.given += 1;
    if (role.name === "reviewer") playing.reviewed += 1;
    const last = playing.reviewed === playing.turns / 2 ? "last" : "goOn";
    const output: Json = (role.name === "reviewer" ? reviewerOutputs : authorOutputs)[last];
    const respond = () => socket.send("nerve.turn.respond", { turn, lease: lease.generation, output }, causationid);
    if (playing.onTurn) playing.onTurn(playing.given).then(respond, playing.failed);
    else if (playing.pause === 0) respond();
    else setTimeout(respond, playing.pause);
  }

  const sockets = {
    author: await openAgentSocket({ url, token: tokens.author, onItem, onFailure }),
    reviewer: await openAgentSocket({ url, token: tokens.reviewer, onItem, onFailure }),
  };
  for (const socket of Object.values(sockets)) await socket.post("nerve.agent.report", { slots: 100, load: 0 });

  return {
    async play(turns, pause, onTurn) {
      threads += 1;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      playing = { turns, pause, given: 0, reviewed: 0, onTurn, ended: resolve, failed: reject };
      sockets.author.send("pr.ready_for_review", { repo: "nerveflare", pr: threads, title: "Rename the flag" });
      await promise;
      playing = undefined;
    },
  };
}
