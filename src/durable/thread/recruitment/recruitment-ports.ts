/** What the parts of a thread's root share: the actor host, the rows, and whom they ask. */
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { AdmissionView } from "../../../contract/views/admission.ts";
import type { ControlKeys } from "../../control/control-keys.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import type { AgentStanding } from "../../protocol/agent.ts";
import { isTaskAddress, type TaskAddress } from "../../protocol/parts.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import type { Registry } from "../../registry/registry.ts";
import { readThread, type ThreadDocuments } from "../lifecycle/thread-rows.ts";
import type { TaskPort } from "../task/task-port.ts";
import type { ThreadServices } from "../thread-services.ts";
import type { OfferRecords } from "./offer-records.ts";
import type { Offers } from "./offers.ts";

export interface RecruitmentPorts extends Pick<ThreadServices, "lifecycle" | "log" | "logCause" | "project"> {
  /** The thread's id, which is its root actor's too. */
  name: string;
  host: ThreadHost;
  storage: Storage;
  clock: Clock;
  definition(revision: string): Promise<CompiledWorkflow | undefined>;
  /** What was answered to operators' orders. */
  keys: ControlKeys;
  registry: Pick<Registry, "agents" | "cards" | "pastTurns" | "reflexes">;
  records: OfferRecords;
  offers: Pick<Offers, "isSettled">;
  /** From 0 to 1. */
  random(): number;
  task(address: string): TaskPort;
  /** A workflow's queue. */
  admission(workflow: string): Promise<AdmissionView>;
  /** How an agent stands to an offer; null: there is no such agent. */
  standing(agent: string, offer: string | null): Promise<AgentStanding | null>;
}

/** The address of the thread's task; undefined before it began. */
export function findTaskAddress(
  lifecycle: ThreadDocuments,
  actor: { children: { id: string; address: string }[] },
): TaskAddress | undefined {
  const address = actor.children.find(({ id }) => id === "task")?.address ?? readThread(lifecycle)?.task ?? undefined;
  return address !== undefined && isTaskAddress(address) ? address : undefined;
}

/** The thread's task; undefined before it began. */
export function findTask(
  ports: Pick<RecruitmentPorts, "lifecycle" | "task">,
  actor: { children: { id: string; address: string }[] },
): TaskPort | undefined {
  const address = findTaskAddress(ports.lifecycle, actor);
  return address === undefined ? undefined : ports.task(address);
}
