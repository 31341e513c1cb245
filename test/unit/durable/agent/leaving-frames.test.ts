/** The order in which frames leave that leave together. */
import { expect, test } from "vitest";
import { createLeavingFrames } from "../../../../src/durable/agent/connection/leaving-frames.ts";

function open() {
  const left: string[] = [];
  const waiting: (() => void)[] = [];
  const socket = (name: string) =>
    ({
      send: (text: string) => left.push(`${name} ${text}`),
      close: (code: number) => left.push(`${name} closed ${code}`),
    }) as unknown as WebSocket;
  return {
    left,
    socket,
    agent: () => createLeavingFrames((work) => void waiting.push(work)),
    /** What was written is on disk. */
    async flush() {
      for (const work of waiting.splice(0)) work();
      await undefined;
    },
  };
}

test("[CONN15] a turn leaves ahead of the acknowledgements of what led to it", async () => {
  const { left, socket, agent, flush } = open();
  const [author, reviewer] = [socket("author"), socket("reviewer")];
  const [ofAuthor, ofReviewer] = [agent(), agent()];
  ofAuthor.sendLast(author, "accepted 1");
  ofAuthor.sendLast(author, "accepted 2");
  ofReviewer.send(reviewer, "turn");
  expect(left, "nothing was written").toEqual([]);
  await flush();
  expect(left).toEqual(["reviewer turn", "author accepted 1", "author accepted 2"]);
});

test("[CONN15] the frames of one socket leave in their order, before it closes", async () => {
  const { left, socket, agent, flush } = open();
  const [one, other] = [socket("one"), socket("other")];
  const frames = agent();
  frames.sendLast(one, "accepted 1");
  frames.send(one, "turn");
  frames.sendLast(one, "accepted 2");
  frames.close(one, 4000);
  frames.sendLast(other, "accepted 3");
  await flush();
  expect(left).toEqual(["one accepted 1", "one turn", "one accepted 2", "one closed 4000", "other accepted 3"]);
});
