/** The classes that the platform runs, in one list. */
export { AgentObject } from "./agent/agent-object.ts";
export { ProjectorObject } from "./projector/projector-object.ts";
export { RegistryObject } from "./registry/registry-object.ts";
export { RecruitmentObject, TaskObject } from "./thread/thread-objects.ts";
export { WorkflowObject } from "./workflow/workflow-object.ts";
