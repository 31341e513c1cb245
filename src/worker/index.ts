/** The Worker: a placeholder that is enough to bundle, until the routes and the objects are here. */
import { DurableObject } from "cloudflare:workers";

export class AgentObject extends DurableObject {}
export class WorkflowObject extends DurableObject {}
export class RecruitmentObject extends DurableObject {}
export class TaskObject extends DurableObject {}
export class ProjectorObject extends DurableObject {}

export default {
  fetch(request: Request): Response {
    if (new URL(request.url).pathname === "/healthz") return Response.json({ status: "ok" });
    return new Response("not found", { status: 404 });
  },
};
