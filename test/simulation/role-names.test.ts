/** Roles whose names no event's id may have: what their agents are told, and what they answer. */
import { expect, test } from "vitest";
import { idPattern } from "../../src/contract/event.ts";
import { card, post, show, turns } from "./roll-call.ts";
import { createThreadCluster } from "./thread-cluster.ts";

const workflow = `name: words
binding: cloud
description: Roles in letters of other languages.
reflexes:
  - { kind: workflow, on: [words.asked] }
roles:
  écrivain: { type: named, agent: ann, goal: Writes., turn: { timeout: 5m, on_timeout: retry } }
  審稿: { type: named, agent: bea, goal: Reads. }
  хор: { type: broadcast, goal: Votes., eligibility: { agents: [ann, bea] } }
graph:
  $START: [{ role: écrivain, prompt: Write. }]
  écrivain: [{ role: 審稿, prompt: Read. }]
  審稿: [{ role: хор, prompt: Vote. }]
  хор: [{ role: $END, prompt: Done., emit: [{ kind: words.done, to: "role:審稿" }] }]
`;

test("[LANG21] roles of any name are played: no event's id has a letter that a server does not take of who answers it", async () => {
  const cluster = await createThreadCluster({ workflow, agents: ["ann", "bea"].map((id) => card(id)), fate: () => "arrives" });
  const started = await post(cluster, "ann", "words.asked", {});
  if (started.status !== "accepted") throw new Error(JSON.stringify(started.error));
  const [thread = ""] = started.threads;
  const control = (order: "suspend" | "resume") => cluster.thread(thread).recruitment.control(order, "root", { reason: "a question" });
  const answer = async (agent: string) => {
    const [turn] = await turns(cluster, agent);
    return post(cluster, agent, "nerve.turn.respond", { turn: turn?.turn, lease: turn?.lease.generation, output: { ok: true } });
  };
  // Given again when its time is up, and taken back when the thread is suspended.
  await cluster.advance(6 * 60_000);
  await control("suspend");
  await control("resume");
  expect(await answer("ann")).toMatchObject({ status: "accepted" });
  expect(await answer("bea")).toMatchObject({ status: "accepted" });
  await control("suspend");
  await control("resume");
  for (const agent of ["ann", "bea"]) expect(await answer(agent)).toMatchObject({ status: "accepted" });
  expect(await show(cluster, thread)).toMatchObject({ status: "completed", round: 3 });

  const ids = [...cluster.log.values()].flatMap(({ row: { event } }) => [
    event.id,
    ...(event.causationid === undefined ? [] : [event.causationid]),
  ]);
  expect(ids.length).toBeGreaterThan(20);
  expect(ids.filter((id) => !idPattern.test(id))).toEqual([]);
});
