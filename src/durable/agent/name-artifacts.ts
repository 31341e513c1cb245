/**
 * What an event names by `$artifact`: looked up before the event is taken, so that whoever reads it finds the artifact there, and the
 * facts beside each reference are the server's own.
 */
import {
  artifactLimits,
  isArtifactReference,
  judgeArtifactReference,
  listArtifactReferences,
  replaceArtifactReferences,
} from "../../contract/artifact.ts";
import type { Json } from "../../contract/event.ts";
import { isThreadKind, isTurnEvent, type ThreadEvent, type ThreadEventOf, type TurnKind } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import { type ArtifactBook, type ArtifactFacts, makeReference, readHash } from "../artifacts/artifact-book.ts";
import type { JudgedEvent } from "./judge-event.ts";
import type { Mailbox } from "./mailbox/mailbox.ts";
import type { Assignments } from "./presence/assignments.ts";
import { readThreadAddress } from "./read-thread-address.ts";

export interface NameArtifactsPorts {
  /** The agent's id, or `operators/<name>`. */
  name: string;
  artifacts: Pick<ArtifactBook, "find">;
  assignments: Pick<Assignments, "listThreads">;
  mailbox: Pick<Mailbox, "givenAt">;
}

/** An event with the facts of what it names. */
export interface NamingEvent<Judged extends JudgedEvent = JudgedEvent> {
  judged: Judged;
  facts: ArtifactFacts[];
}

/**
 * @returns the event with the server's facts in each reference; `artifact_unknown` where one is not there or not the sender's to name,
 *   `malformed` where it is no reference
 */
export async function nameArtifacts<Judged extends JudgedEvent>(
  judged: Judged,
  { name, artifacts, assignments, mailbox }: NameArtifactsPorts,
): Promise<Result<NamingEvent<Judged>>> {
  const data = (judged.event.data ?? null) as Json;
  const references = judged.refers ? listArtifactReferences(data) : [];
  if (references.length === 0) return succeed({ judged, facts: [] });
  if (references.length > artifactLimits.perEvent)
    return refuse("malformed", `An event names at most ${artifactLimits.perEvent} artifacts; this one names ${references.length}.`, {
      limit: artifactLimits.perEvent,
    });
  const fault = references.map(judgeArtifactReference).find((each) => each !== undefined);
  if (fault !== undefined) return refuse("malformed", `A reference to an artifact does not fit: ${fault}.`);
  const ids = [...new Set(references.map(({ $artifact: id }) => String(id)))];
  const given = readGivenTurn(judged, mailbox);
  const threads = [...assignments.listThreads(), ...(given === undefined ? [] : [given])];
  const found = await artifacts.find(name, ids.map(readHash), threads);
  const unknown = ids.filter((id) => !found.has(readHash(id)));
  if (unknown.length > 0)
    return refuse(
      "artifact_unknown",
      `There ${unknown.length === 1 ? "is no artifact" : "are no artifacts"} ${unknown.slice(0, 3).join(", ")} that you may name: upload it in full, then send the event again under a new id.`,
      { artifacts: unknown },
    );
  const wrong = references.find(({ $artifact: id, size }) => size !== undefined && size !== found.get(readHash(String(id)))?.size);
  if (wrong)
    return refuse(
      "malformed",
      `The artifact ${String(wrong["$artifact"])} has ${found.get(readHash(String(wrong["$artifact"])))?.size} bytes, not ${String(wrong["size"])}.`,
    );
  const complete = replaceArtifactReferences(data, (reference) => {
    const facts = isArtifactReference(reference) ? found.get(readHash(String(reference["$artifact"]))) : undefined;
    return facts ? { ...makeReference(facts) } : reference;
  });
  return succeed({ judged: { ...judged, event: { ...judged.event, data: complete } } as Judged, facts: [...found.values()] });
}

/** The thread of a turn that the agent has been given, whatever the index says yet. */
function readGivenTurn({ kind, event }: JudgedEvent, mailbox: Pick<Mailbox, "givenAt">): string | undefined {
  if (kind === null || !isThreadKind(kind) || !isTurnEvent(event as ThreadEvent)) return undefined;
  const { turn } = (event as ThreadEventOf<TurnKind>).data;
  return mailbox.givenAt(turn) === undefined ? undefined : readThreadOf(event as ThreadEvent);
}

/** The thread that a thread-bound event is about. */
export function readThreadOf(event: ThreadEvent): string | undefined {
  return /^\w+\/(t[a-z2-7]{25})/.exec(readThreadAddress(event) ?? "")?.[1];
}
