/** What an agent's object answers to a hint of an offer. */
import { expect, test } from "vitest";
import { type HintPorts, takeHint } from "../../../../src/durable/agent/offers/take-hint.ts";
import type { OpenOffer } from "../../../../src/durable/protocol/board.ts";

const event = { specversion: "1.0" as const, id: "o", source: "/threads/t", type: "nerve.offer.opened", time: "2027-01-15T08:00:00Z" };
const opened: OpenOffer = {
  ...{ offer: "t:0:1", event, expires: 9_000 },
  terms: { workflow: "w", role: { name: "reviewer", eligibility: { all: ["review"], notAgents: [] } } },
};

function take(capabilities: string[], isRead: boolean) {
  const shown: string[] = [];
  let corrected = 0;
  const offers = {
    open: ({ offer }: Pick<OpenOffer, "offer">) => void shown.push(offer),
    close: () => {},
    changes: () => ({ open: false, closed: false }),
    keep: () => {},
  };
  const ports: HintPorts = {
    mailbox: { isRead: () => isRead, offers },
    presence: { show: () => ({ state: "away" }) },
    card: () => ({ id: "ann", capabilities, roles: null, kinds: null }),
    attendance: {
      correct() {
        corrected += 1;
      },
    },
    commit: (body) => body(),
    keepClosed: () => {},
  };
  const answer = takeHint(ports, { opened, closed: [] });
  return { answer, shown, corrected };
}

test("[BOARD9] an agent that is there and may not have the role says its present card to the board, for that judged by an older one", () => {
  expect(take(["review"], true)).toEqual({ answer: "fits", shown: ["t:0:1"], corrected: 0 });
  expect(take(["other"], true)).toEqual({ answer: "unfit", shown: [], corrected: 1 });
  expect(take(["other"], false)).toEqual({ answer: "away", shown: [], corrected: 0 });
});
