/** What publishing a file would change for the threads that run: they keep their revision, and a fork may take the new one. */
import { findWorst, type Judgement, judgeThread, type ThreadVerdict } from "../../../compile/compare/judge-thread.ts";
import { lowerWorkflow } from "../../../compile/compile-workflow.ts";
import type { WorkflowIr } from "../../../compile/ir.ts";
import type { Json } from "../../../contract/event.ts";
import type { Answer } from "../../../contract/http/answers.ts";
import type { Api } from "../api.ts";
import { CliError } from "../command.ts";
import { readPublished } from "../diff/read-side.ts";
import { sideBySide } from "./ask-server.ts";
import { serverLimits } from "./limits.ts";

/** A thread, and whether it could go on with the file's revision. */
export interface JudgedThread extends Judgement {
  thread: string;
}

export interface JudgedRevision {
  revision: string;
  /** Threads that run on it. */
  threads: number;
  /** The worst of those that were looked at; absent: its file does not compile any more. */
  verdict?: ThreadVerdict;
  looked: JudgedThread[];
}

/** What publishing a file would do. */
export interface Publication {
  revision: string;
  /** What is published now; null: nothing of this name. */
  published: string | null;
  /** Other revisions that threads run on. */
  revisions: JudgedRevision[];
}

const statuses = ["running", "recruiting", "suspended"] as const;

/** Asks for the threads of a workflow that run, and judges each. */
export async function judgePublish(api: Api, ir: WorkflowIr): Promise<Publication> {
  const { revision } = lowerWorkflow(ir);
  const known = await readRevisions(api, ir.name);
  const published = known.find((each) => each.published)?.revision ?? null;
  const others = known.filter((each) => each.revision !== revision && each.threads > 0);
  if (others.length === 0) return { revision, published, revisions: [] };
  const threads = (await Promise.all(statuses.map((status) => readThreads(api, ir.name, status)))).flat();
  const revisions: JudgedRevision[] = [];
  for (const { revision: old, threads: count } of others) {
    const before = await readPublished(ir.name, old, api).catch((error: unknown) => {
      if (error instanceof CliError && error.message.includes("does not compile any more")) return undefined;
      throw error;
    });
    if (!before) {
      revisions.push({ revision: old, threads: count, looked: [] });
      continue;
    }
    const own = threads.filter((each) => each.revision === old).slice(0, serverLimits.threads);
    const looked = await sideBySide(own, async ({ id }) => ({ thread: id, ...(await judge(api, id, before.compiled.ir, ir)) }));
    revisions.push({ revision: old, threads: count, verdict: findWorst(looked.map(({ verdict }) => verdict)), looked });
  }
  return { revision, published, revisions };
}

async function readRevisions(api: Api, name: string): Promise<Answer<"revisions">["revisions"]> {
  try {
    return ((await api.call("GET", `v1/workflows/${encodeURIComponent(name)}/revisions`)) as Answer<"revisions">).revisions;
  } catch (error) {
    if (error instanceof CliError && /not_found|No workflow/.test(error.message)) return [];
    throw error;
  }
}

async function readThreads(api: Api, workflow: string, status: string): Promise<Answer<"threads">["threads"]> {
  const query = new URLSearchParams({ workflow, status, limit: "200" });
  return ((await api.call("GET", `v1/threads?${query}`)) as Answer<"threads">).threads;
}

async function judge(api: Api, id: string, before: WorkflowIr, after: WorkflowIr): Promise<Judgement> {
  const path = `v1/threads/${encodeURIComponent(id)}`;
  const { roles, round } = (await api.call("GET", path)) as Answer<"thread">;
  // The last steps: those that a later epoch does not count are passed over.
  const { messages } = (await api.call("GET", `${path}/messages?limit=200&after=${Math.max(0, round - 100)}`)) as Answer<"messages">;
  const last = messages.findLast(({ until }) => until === undefined);
  const output = (last?.output ?? {}) as { [key: string]: Json };
  const status = output["$status"] ?? output["status"];
  return judgeThread(before, after, {
    ...(last && { last: { round: last.round, role: last.role, status: typeof status === "string" ? status : undefined } }),
    held: Object.fromEntries(Object.entries(roles).flatMap(([role, { agent }]) => (agent === undefined ? [] : [[role, agent]]))),
    steps: last?.round ?? 0,
  });
}
