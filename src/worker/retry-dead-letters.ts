/** Retries dead letters, thread by thread, and lets the threads go on that were suspended for it. Knows objects by their calls. */

import type { Problem, Result } from "../contract/problem.ts";
import type { RetriedDeadLetters } from "../contract/views/log.ts";
import { isDeadLetterReason } from "../contract/waits.ts";
import type { RecruitmentRpc } from "../durable/protocol/recruitment.ts";

/**
 * @param ids `<thread>:<event>`, in the order in which they are to be tried
 * @param operator who resumes
 */
export async function retryDeadLetter(
  ids: string[],
  { operator, thread }: { operator: string; thread: (id: string) => Pick<RecruitmentRpc, "settleDeadLetter" | "show" | "control"> },
): Promise<RetriedDeadLetters> {
  const done: RetriedDeadLetters = { taken: [], left: [], resumed: [] };
  for (const [name, events] of Map.groupBy(ids, (id) => id.slice(0, id.indexOf(":")))) {
    const root = thread(name);
    let left = await retryEach(root, events, done.taken);
    const reason = await findReason(root);
    if (reason === undefined) {
      done.left.push(...left);
      continue;
    }
    // What is taken only while the thread runs is tried again once it does.
    const resumed = await root.control("resume", operator, {});
    if (resumed.ok && left.length)
      left = await retryEach(
        root,
        left.map(({ id }) => id),
        done.taken,
      );
    if (resumed.ok && !left.length) done.resumed.push(name);
    if (resumed.ok && left.length) await root.control("suspend", operator, { reason });
    done.left.push(...left);
  }
  return done;
}

async function retryEach(
  root: Pick<RecruitmentRpc, "settleDeadLetter">,
  ids: string[],
  taken: string[],
): Promise<RetriedDeadLetters["left"]> {
  const left: RetriedDeadLetters["left"] = [];
  for (const id of ids) {
    const settled = await attempt(() => root.settleDeadLetter("retry", id.slice(id.indexOf(":") + 1)));
    if (settled.ok) taken.push(id);
    // The index was behind: somebody has settled it.
    else if (settled.problem.code !== "not_found") left.push({ id, code: settled.problem.code, detail: settled.problem.detail });
  }
  return left;
}

type Attempt = { ok: true } | { ok: false; problem: Pick<Problem, "code" | "detail"> };

/** An object that cannot be asked keeps its dead letters; the others are tried all the same. */
async function attempt(call: () => Promise<Result<null>>): Promise<Attempt> {
  try {
    return await call();
  } catch (error) {
    return { ok: false, problem: { code: "unavailable", detail: `its object could not be asked: ${(error as Error).message}` } };
  }
}

/** Why the thread is suspended, if that is for a dead letter. */
async function findReason(root: Pick<RecruitmentRpc, "show">): Promise<string | undefined> {
  const shown = await root.show(null);
  const { status, error } = shown.ok ? shown.value : { status: undefined, error: undefined };
  return status === "suspended" && error !== undefined && isDeadLetterReason(error) ? error : undefined;
}
