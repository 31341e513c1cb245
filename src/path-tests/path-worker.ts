/**
 * The Worker of `nerveflare test`: a Durable Object per path that runs the machine on the real host, and is ended between
 * every two events. Bundled by the command, never deployed.
 */
import { DurableObject } from "cloudflare:workers";
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { World } from "../durable/host/ports.ts";
import { createDurableWorld } from "../durable/host/storage/durable-world.ts";
import {
  countLives,
  createPathHost,
  noteLife,
  type PathAnswer,
  type PathHost,
  type PathOrder,
  type PathReport,
  type PathRequest,
} from "./path-host.ts";

interface Env {
  PATH_OBJECT: DurableObjectNamespace<PathObject>;
}

/** One machine on the host. */
export class PathObject extends DurableObject<Env> {
  private host: PathHost | undefined;
  private readonly world: World;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.world = createDurableWorld(ctx, "path", { deliver: () => Promise.resolve({ status: "stored" }) });
    noteLife(this.world);
  }

  /** Runs one order. The text is JSON: the platform's mapping of methods is too deep for recursive types. */
  async run(text: string): Promise<string> {
    const { order, compiled } = JSON.parse(text) as { order: PathOrder; compiled: CompiledWorkflow };
    this.host ??= createPathHost(this.world, order.machine, compiled);
    return JSON.stringify(await this.host.run(order));
  }

  lives(): number {
    return countLives(this.world);
  }

  /** Ends the object where it is: memory goes, the store stays. Miniflare has no eviction from outside; to the object it is the same. */
  end(): void {
    this.ctx.abort("evicted between two events");
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { name, compiled, orders } = (await request.json()) as PathRequest;
    const reports: PathReport[] = [];
    const getObject = (): DurableObjectStub<PathObject> => env.PATH_OBJECT.getByName(name);
    for (const [index, order] of orders.entries()) {
      reports.push(JSON.parse(await getObject().run(JSON.stringify({ order, compiled }))) as PathReport);
      if (index < orders.length - 1)
        try {
          await getObject().end();
        } catch {
          // That it ended is what was asked for.
        }
    }
    return Response.json({ reports, lives: await getObject().lives() } satisfies PathAnswer);
  },
};
