/** Who reads a mailbox, and what comes in for it: the shapes that its parts share. */
import type { Channel } from "../../../contract/channels.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import type { Envelope } from "../../protocol/envelope.ts";

/** A live connection, as the mailbox sees it. */
export interface Reader {
  channels: readonly Channel[];
  /** What waits up to here it was given, or another holds, or it did not ask for. */
  through: number;
  /** Given and not acknowledged: by number, with the turn or offer that it is about. */
  held: Map<number, string | null>;
  /** Nothing waits for it that it was not given. */
  caughtUp: boolean;
  /** Whether it takes more now; one that did not says so by `pump` when it does again. */
  ready(): boolean;
  give(item: InboxItem): void;
  /** `caughtUp` has changed, or `through` while it is not. */
  note(): void;
  /** What is to be noted of the mailbox's numbers has changed. Absent: the reader does not outlive its object's memory. */
  noteNumbers?(): void;
}

/** What is to be written of mail: as it came, or already given under a number. */
export interface Incoming {
  envelope: Envelope;
  given?: { seq: number; acked: boolean };
  /** It is taken only if the one before it was stored: it follows it. */
  isBehind?: boolean;
}
