/** The classes that the platform runs, in one list. */
export { AgentObject } from "./agent/agent-object.ts";
export { ProjectorObject } from "./projector/projector-object.ts";
export { RegistryObject } from "./registry/registry-object.ts";
export { RecruitmentObject } from "./thread/recruitment-object.ts";
export { TaskObject } from "./thread/task-object.ts";
export { WorkflowObject } from "./workflow/workflow-object.ts";
