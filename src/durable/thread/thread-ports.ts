/** What the platform, or a test in its place, gives a thread's objects. */
import type { AdmissionView } from "../../contract/views/admission.ts";
import type { World } from "../host/ports.ts";
import type { AgentStanding, ClaimCard } from "../protocol/agent.ts";
import type { BoardRpc, HintAnswer, OfferHint } from "../protocol/board.ts";
import type { ProjectorRpc } from "../protocol/projector.ts";
import type { TaskRpc } from "../protocol/task.ts";
import type { Registry } from "../registry/registry.ts";

export interface ThreadPorts {
  world: World;
  registry: Registry;
  project: ProjectorRpc["project"];
  /** From 0 to 1. */
  random(): number;
  /** What an agent's own object says it is; null: there is none. */
  card(agent: string): Promise<ClaimCard | null>;
  later(milliseconds: number, work: () => void): void;
  counted(steps: number): void;
}

export interface ThreadRootPorts extends ThreadPorts {
  /** The thread's task. */
  remoteTask(address: string): TaskRpc;
  /** A workflow's queue. */
  admission(workflow: string): Promise<AdmissionView>;
  board: BoardRpc;
  /** Tells an agent's object of offers. */
  hint(agent: string, hint: OfferHint): Promise<HintAnswer>;
  /** How an agent stands to an offer. */
  standing(agent: string, offer: string | null): Promise<AgentStanding | null>;
  /** Absent: what has ended stays. `keep`: for so many milliseconds after the end it stays; `empty` deletes all that the object stores. */
  retention?: { keep: number; empty(): Promise<void> } | undefined;
}
