/** A broadcast of a thread that is walked: whom it goes to, and who has answered what. */
import type { Message } from "../durable/protocol/envelope.ts";
import type { Output } from "./simulation.ts";

/** Agents that a broadcast goes to, where it does not say how many. */
const audience = 2;

export interface SimulatedBroadcast {
  /** The turn for which an audience was asked last, if any. */
  turn(): number | undefined;
  /** An audience is asked: answers to the one before count no more. */
  ask(message: Message): void;
  answer(agent: string, output: Output, ok: boolean): void;
  listAudience(): string[];
  /** Who has not answered, in their order. */
  listMissing(): string[];
  /** The broadcast's output once it is over. */
  toOutput(status: "$ACKED" | "$PARTIAL"): Output;
}

export function createSimulatedBroadcast(): SimulatedBroadcast {
  let answers: { agent: string; output: Output; ok: boolean }[] = [];
  let asked: { role: string; turn: number; of: number } | undefined;

  const listAudience = (): string[] => Array.from({ length: asked?.of ?? audience }, (_, index) => `${asked?.role}-${index + 1}`);
  const listMissing = (): string[] => listAudience().filter((name) => !answers.some(({ agent }) => agent === name));
  return {
    turn: () => asked?.turn,
    ask({ role, turn, of }) {
      asked = { role: String(role), turn: Number(turn), of: typeof of === "number" ? of : audience };
      answers = [];
    },
    answer: (agent, output, ok) => void answers.push({ agent, output, ok }),
    listAudience,
    listMissing,
    toOutput(status) {
      const acked = answers.filter(({ ok }) => ok);
      return {
        $status: status,
        acked: acked.map(({ agent }) => agent),
        failed: answers.filter(({ ok }) => !ok).map(({ agent }) => agent),
        missing: listMissing(),
        answers: acked.map(({ agent, output }) => ({ agent, output })),
      };
    },
  };
}
