/**
 * What an event names by `$artifact`: looked up before the event is taken, so that whoever reads it finds the artifact there, and the
 * facts beside each reference are the server's own.
 */
import type { Json } from "../../contract/event.ts";
import { isThreadKind, isTurnEvent, type ThreadEvent, type ThreadEventOf, type TurnKind } from "../../contract/kinds/agent-kinds.ts";
import { type Result, succeed } from "../../contract/problem.ts";
import type { ArtifactBook, ArtifactFacts } from "../artifacts/artifact-book.ts";
import { completeReferences } from "../artifacts/complete-references.ts";
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
  if (!judged.refers) return succeed({ judged, facts: [] });
  const given = readGivenTurn(judged, mailbox);
  const threads = [...assignments.listThreads(), ...(given === undefined ? [] : [given])];
  const completed = await completeReferences((judged.event.data ?? null) as Json, (hashes) => artifacts.find(name, hashes, threads));
  if (!completed.ok) return completed;
  const { data, facts } = completed.value;
  return succeed({ judged: facts.length ? ({ ...judged, event: { ...judged.event, data } } as Judged) : judged, facts });
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
