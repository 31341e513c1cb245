/** What is drawn, before it is known how: boxes, arrows and words. Both formats are made from this. Plain data. */
import type { RoleType } from "../../contract/language.ts";

/** What a box stands for, which gives it its form. */
export type NodeKind =
  /** Where a thread begins: a dot. */
  | "start"
  /** `$END`. */
  | "end"
  /** A role, by its type. */
  | RoleType
  /** A person is waited for. */
  | "suspended"
  /** The thread ends without the graph's say. */
  | "failed"
  /** Points at the state that a compound state begins in. */
  | "initial"
  /** A state of a machine. */
  | "state"
  /** A state that holds others. */
  | "compound";

/** A box. */
export interface PictureNode {
  /** Unique in the picture. */
  id: string;
  /** What of the source it stands for: a role's name, `$START` or `$moderator`. */
  part?: string;
  kind: NodeKind;
  title: string;
  /** A word beside the title, as the type of a role. */
  badge?: string;
  /** Smaller text under the title, wrapped where it is long. */
  lines: string[];
  /** It only names another box, where the arrow goes on. */
  reference?: true;
  children?: PictureNode[];
  /** Its children are active side by side. No edge crosses their borders. */
  parallel?: boolean;
}

/** An arrow. */
export interface PictureEdge {
  from: string;
  to: string;
  /** What of the source it stands for: `<node> <edge>`, or of the engine's ways the role. */
  part?: string;
  /**
   * `author`: an edge as the author wrote it. `status`: one that the author wrote for a status of the engine. `engine`: the way that
   * the engine goes by itself, when time is up or something fails. `never`: one that the author wrote and that can never be taken.
   * `event`, `timer`: transitions of a machine.
   */
  kind: "author" | "status" | "never" | "engine" | "event" | "timer";
  /** The status or the condition; empty where the edge is always taken. */
  title: string;
  /** Smaller text under the title. */
  lines: string[];
  /** The prompt that goes with it, shown where the pointer rests. */
  tip?: string;
}

/** A whole picture. */
export interface Picture {
  title: string;
  /** What it is about, a line each. */
  lines: string[];
  nodes: PictureNode[];
  edges: PictureEdge[];
  /** What holds everywhere and would only be in the way as arrows. */
  notes: string[];
}
