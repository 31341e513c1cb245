/** A hook over a memory of its own, with its clock and whoever takes its events in a test's hands. */
import type { Accepted, Rejected } from "../../../../src/contract/frames/server-frames.ts";
import { createProblem, type Result, succeed } from "../../../../src/contract/problem.ts";
import type { HookAnswer } from "../../../../src/contract/views/hook.ts";
import { createHook, type Hook } from "../../../../src/durable/hook/hook.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import type { NewHook } from "../../../../src/durable/protocol/hook.ts";
import { type Headers, plainSecret } from "./sign.ts";

export const usualMap = `event = "pull_request" and body.action = "opened" ? {"kind": "pr.opened", "data": {"pr": body.number}}`;

export interface Posted {
  id: string;
  type: string;
  data?: unknown;
}

export async function openStage(settings: Partial<NewHook> = {}) {
  const storage = createNodeStorage();
  let writes = 0;
  const counted = {
    ...storage,
    transaction: <T>(body: () => T): T => {
      writes += 1;
      return storage.transaction(body);
    },
  };
  /** What an event's own object keeps: ids, each with its body. */
  const kept = new Map<string, string>();
  const stage = {
    now: Date.parse("2026-11-20T12:00:00Z"),
    posted: [] as Posted[],
    /** Refuses events, instead of taking them. */
    refuse: undefined as ((event: Posted) => ReturnType<typeof createProblem> | undefined) | undefined,
    get writes() {
      return writes;
    },
    hook: undefined as unknown as Hook,
    /** Its memory goes. */
    evict() {
      stage.hook = createHook({
        store: createStore(counted, "hook/h"),
        now: () => stage.now,
        async post(events) {
          return succeed((events as Posted[]).map(accept));
        },
      });
    },
    take: (body: string | Uint8Array, headers: Headers): Promise<Result<HookAnswer>> =>
      stage.hook.take({ headers, body: typeof body === "string" ? new TextEncoder().encode(body) : body }),
    async refusals() {
      return (await stage.hook.standing())?.refusals ?? [];
    },
  };

  function accept(event: Posted): Accepted | Rejected {
    const problem = stage.refuse?.(event);
    if (problem) return { id: event.id, status: "rejected", error: problem };
    const body = JSON.stringify(event);
    const known = kept.get(event.id);
    if (known !== undefined && known !== body)
      return { id: event.id, status: "rejected", error: createProblem("id_conflict", "sent before") };
    if (known === undefined) stage.posted.push(event);
    kept.set(event.id, body);
    return { id: event.id, status: "accepted", threads: [`thread of ${event.id}`], notes: [] };
  }

  stage.evict();
  await stage.hook.create({ from: "github", kinds: ["pr.*"], map: usualMap, secret: plainSecret, ...settings });
  return stage;
}
