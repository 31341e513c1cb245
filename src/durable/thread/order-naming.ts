/** Orders whose body names artifacts: looked up before the thread has the order, and the thread's from then on. */
import { mayReferToArtifacts } from "../../contract/artifact.ts";
import type { Json } from "../../contract/event.ts";
import type { Result } from "../../contract/problem.ts";
import type { ArtifactBook } from "../artifacts/artifact-book.ts";
import { completeReferences } from "../artifacts/complete-references.ts";

/**
 * Gives an order with the server's facts in each reference; a fork takes along what the thread refers to.
 * @param by an operator's name, or `agents/<id>`: who must be able to read what is named
 * @returns the order's answer, or `artifact_unknown`, `malformed` or `storage_full`
 */
export async function orderNaming<Body extends object, Answer>(
  artifacts: ArtifactBook,
  { thread, by, now }: { thread: string; by: string; now: number },
  body: Body,
  order: (body: Body) => Promise<Result<Answer>>,
): Promise<Result<Answer>> {
  if (!mayReferToArtifacts(JSON.stringify(body))) return order(body);
  const owner = by.startsWith("agents/") ? by.slice("agents/".length) : `operators/${by}`;
  const completed = await completeReferences(body as Json, (hashes) => artifacts.find(owner, hashes, [thread]));
  if (!completed.ok) return completed;
  const referred = await artifacts.refer(completed.value.facts, [thread], now);
  if (!referred.ok) return referred;
  const answer = await order(completed.value.data as Body);
  // Where nobody knows whether it was followed, the references stay: the thread's retention takes them.
  if (!answer.ok && answer.problem.status < 500) await artifacts.withdraw(referred.value);
  return answer;
}
