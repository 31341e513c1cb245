/** The board of a stage, on which all of its agents are connected; what they are shown of offers stands among what the thread sent. */
import type { AgentCard } from "../../../../src/contract/views/agent.ts";
import { createMail, type Mail } from "../../../../src/durable/protocol/agent.ts";
import type { BoardRpc, HintAnswer, OfferHint } from "../../../../src/durable/protocol/board.ts";
import type { Message } from "../../../../src/durable/protocol/envelope.ts";
import { type Board, createBoard } from "../../../../src/durable/registry/board.ts";

export interface StageBoard {
  board: BoardRpc;
  hint(agent: string, hint: OfferHint): Promise<HintAnswer>;
  /** An agent connects. */
  attend(card: AgentCard): Promise<void>;
  leave(agent: string): Promise<void>;
  /** All that it remembers is lost. */
  lose(): void;
}

export function createStageBoard(
  stage: { agents: ReadonlyMap<string, AgentCard>; registryDown: boolean; sent: { to: string; message: Message }[] },
  now: () => number,
  later: (milliseconds: number, work: () => void) => void,
): StageBoard {
  function show(agent: string, { opened, closed }: OfferHint): void {
    const mails: Mail[] = closed.map((event) => ({ channel: "open", event }));
    if (opened) mails.push({ channel: "open", event: opened.event, offer: opened.offer, expires: opened.expires });
    for (const mail of mails) stage.sent.push({ to: `agent/${agent}`, message: structuredClone(createMail(mail)) });
  }
  function begin(): Board {
    const begun = createBoard({
      now,
      setAlarm: (at) => later(at - now(), () => board === begun && begun.alarm()),
      tell: show,
      readOnline: async () => [...stage.agents.values()],
      readOpen: async () => [],
      ask: () => Promise.reject(new Error("nobody asks threads here")),
    });
    return begun;
  }
  let board = begin();
  return {
    board: {
      attend: (agent) => board.attend(agent),
      leave: (agent, at) => board.leave(agent, at),
      async post(...posting) {
        if (stage.registryDown) throw new Error("the board cannot be asked");
        return board.post(...posting);
      },
      async close(...closing) {
        if (stage.registryDown) throw new Error("the board cannot be asked");
        return board.close(...closing);
      },
    },
    async hint(agent, hint) {
      if (stage.agents.has(agent)) show(agent, hint);
      return stage.agents.has(agent) ? "fits" : "away";
    },
    leave: (agent) => board.leave(agent, now()),
    lose() {
      board = begin();
    },
    async attend(card) {
      const { offers } = await board.attend({ card, until: null, known: [] });
      for (const opened of offers) show(card.id, { opened, closed: [] });
    },
  };
}
