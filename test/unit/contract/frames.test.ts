/** What an agent sends over its socket, read: each type of frame is judged as itself. */
import { expect, test } from "vitest";
import { acknowledgement } from "../../../src/contract/frames/acknowledgement.ts";
import { agentFrames } from "../../../src/contract/frames/agent-frames.ts";
import { readFrame } from "../../../src/durable/agent/connection/read-frame.ts";

const read = (frame: unknown) => readFrame(JSON.stringify(frame));
const event = { id: "e", type: "a.b" };
/** Each type with what it needs, and the members that are its own. */
const right: { [T in keyof typeof agentFrames]: object[] } = {
  event: [{ event }],
  ack: [{ seqs: [1] }, { seq: 1, channel: "my" }],
};
const types = Object.keys(agentFrames) as (keyof typeof agentFrames)[];

test("[EVENT11] what belongs to another type of frame has no effect, whatever it is", () => {
  for (const type of types)
    for (const own of right[type]) {
      const alone = read({ type, ...own });
      expect(alone).toMatchObject({ ok: true });
      for (const other of types.filter((each) => each !== type))
        for (const foreign of right[other].flatMap((members) => Object.keys(members)))
          for (const value of [null, 7, "x", [1], { id: 3 }]) expect(read({ type, [foreign]: value, ...own })).toEqual(alone);
    }
});

test("[EVENT11] a frame that lacks what its type needs is malformed, whatever it has of another, and the refusal names the type", () => {
  for (const type of types)
    for (const other of types) {
      const lacking = other === type ? right[type].flatMap(leaveOut) : right[other].map((members) => ({ ...members }));
      for (const members of lacking)
        expect(read({ type, ...members }), JSON.stringify(members)).toMatchObject({
          ok: false,
          problem: { code: "malformed", detail: expect.stringContaining(`The frame ${type} does not fit`) },
        });
    }
  function leaveOut(members: object): object[] {
    return Object.keys(members).map((name) => Object.fromEntries(Object.entries(members).filter(([each]) => each !== name)));
  }
});

test("[EVENT11] what is no frame is told what a frame is", () => {
  for (const raw of [[], null, 7, "event", {}, { type: 7 }, { type: "dance" }, { type: "toString" }, { type: "accepted", id: "e" }])
    expect(read(raw), JSON.stringify(raw)).toMatchObject({
      ok: false,
      problem: { code: "malformed", detail: expect.stringMatching(/a type|type is event or ack/) },
    });
});

test("[API12] an acknowledgement whose numbers are wrong is malformed, also where it names a channel", () => {
  for (const seqs of ["all", 3, [-1], ["x"], null, {}])
    for (const judge of [(body: object) => acknowledgement.safeParse(body).success, (body: object) => read({ type: "ack", ...body }).ok])
      expect(judge({ seqs, seq: 3, channel: "my" }), JSON.stringify(seqs)).toBe(false);
});

test("[EVENT11] an event in a frame comes as it was sent, with every member at every level", () => {
  const posted = { zeta: "1", ...event, data: { later: { deep: [{ new: true }] } }, alpha: 3 };
  const frame = read({ event: posted, type: "event", since: "a newer client" });
  expect(JSON.stringify(frame.ok && frame.value.type === "event" && frame.value.event)).toBe(JSON.stringify(posted));
});
