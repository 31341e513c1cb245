/** The product's Worker, whose memory can be emptied of garbage: `PUT /gc`, where V8 exposes it. Nothing of the product knows of it. */
import worker from "../../src/worker/index.ts";

export {
  AgentObject,
  CellObject,
  HookObject,
  ProjectorObject,
  RecruitmentObject,
  RegistryObject,
  TaskObject,
  WebhookObject,
  WorkflowObject,
} from "../../src/durable/objects.ts";

type Env = Parameters<typeof worker.fetch>[1];
type Fetched = Parameters<typeof worker.fetch>[0];

export default {
  async fetch(request: Fetched, env: Env, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== "/gc") return worker.fetch(request, env, ctx);
    const { gc } = globalThis as { gc?: () => void };
    if (gc === undefined) return new Response(null, { status: 501 });
    for (let round = 0; round < 3; round += 1) gc();
    return new Response(null, { status: 204 });
  },
  scheduled: worker.scheduled,
};
