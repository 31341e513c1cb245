/** [MSG1] What is sent is typed by its receiver: each `@ts-expect-error` below is an error of `npm run check` once the line compiles. */
import { expect, test } from "vitest";
import { dispatch, type Handlers } from "../../../../src/durable/protocol/dispatch.ts";
import type { Envelope } from "../../../../src/durable/protocol/envelope.ts";
import type { Append, ThreadHost } from "../../../../src/durable/protocol/typed-host.ts";
import { workflowMessages } from "../../../../src/durable/protocol/workflow.ts";

/** Compiled, never run. */
function send(append: Append, host: ThreadHost, id: string, ids: string[]): void {
  append(`recruitment/${id}`, { type: "agent.deleted", agent: id });
  append("events", { type: "child.report" });
  host.committer.outbox.append(
    ids.map((each) => `workflow/${each}` as const),
    { type: "thread.ended", thread: id },
  );
  // @ts-expect-error a mailbox admits no thread
  append(`agent/${id}`, { type: "admit" });
  // @ts-expect-error a misspelt member
  append(`workflow/${id}`, { type: "thread.ended", thread: id, epok: 2 });
  // @ts-expect-error a member of the wrong type
  append(`task/${id}`, { type: "audience.left", agent: id, turn: 1 });
  // @ts-expect-error what another place takes
  append("offers", { type: "child.report" });
  // @ts-expect-error nobody knows who that is
  append(id, { type: "child.report" });
  // @ts-expect-error no machine takes it
  void host.send(id, { type: "thread.explode" });
}

/** @ts-expect-error one of them has no handler */
const incomplete: Handlers<typeof workflowMessages, void> = { admit() {}, signal() {}, "thread.ended"() {}, "thread.paused"() {} };

test("[MSG1] what its receiver does not take does not compile: the compiler expects each of these errors", () => {
  expect([send, incomplete]).toHaveLength(2);
});

const envelope = (message: Envelope["message"]): Envelope => ({ from: "agent/a", id: 1, to: "workflow/w", message });

test("[MSG2] a message goes to the handler of its type, whole; what is declared nowhere to none", () => {
  const handlers: Handlers<typeof workflowMessages, unknown> = {
    admit: () => "admit",
    signal: () => "signal",
    "thread.ended": (message) => message,
    "thread.paused": () => "paused",
    "thread.resumed": () => "resumed",
  };
  const ended = { type: "thread.ended", thread: "t", later: { deep: [1] } };
  expect(dispatch(workflowMessages, handlers, envelope(ended))).toBe(ended);
  for (const type of ["of.tomorrow", "toString", "__proto__", ""])
    expect(dispatch(workflowMessages, handlers, envelope({ type })), type).toBe(undefined);
});

test("[MSG3] where objects are tested, a message that is not as declared is an error that names the place", () => {
  const take = (message: Envelope["message"]) => dispatch(workflowMessages, { "thread.ended": () => "taken" }, envelope(message));
  expect(() => take({ type: "thread.ended", thread: 5 })).toThrow(/thread/);
  expect(take({ type: "thread.ended", thread: "t" })).toBe("taken");
});
