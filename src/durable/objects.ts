/** The classes that the platform runs, in one list: each actor's endpoint in a Durable Object of its own, and the one that holds all. */
import { AgentEndpoint } from "./agent/agent-endpoint.ts";
import { asDurableObject } from "./as-durable-object.ts";
import { CellObject } from "./cell/cell-object.ts";
import { HookEndpoint } from "./hook/hook-endpoint.ts";
import { ProjectorEndpoint } from "./projector/projector-endpoint.ts";
import { RegistryEndpoint } from "./registry/registry-endpoint.ts";
import { RecruitmentEndpoint } from "./thread/recruitment-endpoint.ts";
import { TaskEndpoint } from "./thread/task-endpoint.ts";
import { WebhookEndpoint } from "./webhook/webhook-endpoint.ts";
import { WorkflowEndpoint } from "./workflow/workflow-endpoint.ts";

export { CellObject };
export const AgentObject = asDurableObject(AgentEndpoint);
export const HookObject = asDurableObject(HookEndpoint);
export const ProjectorObject = asDurableObject(ProjectorEndpoint);
export const RecruitmentObject = asDurableObject(RecruitmentEndpoint);
export const RegistryObject = asDurableObject(RegistryEndpoint);
export const TaskObject = asDurableObject(TaskEndpoint);
export const WebhookObject = asDurableObject(WebhookEndpoint);
export const WorkflowObject = asDurableObject(WorkflowEndpoint);
