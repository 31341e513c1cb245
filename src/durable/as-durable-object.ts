/** The placement `own`: an endpoint in a Durable Object of its own. */
import { DurableObject } from "cloudflare:workers";
import { type MoveRpc, settleMoved, takeMoved } from "./cell/moved-rows.ts";
import { type EndpointClass, listMethods } from "./endpoint.ts";
import { type Environment, findNeighbours, placeOwn } from "./environment.ts";
import { createDurableContext } from "./host/storage/durable-world.ts";

/**
 * Makes the class that the platform runs. Calls from elsewhere see methods of the prototype only, so it has one for each of the endpoint's.
 */
export function asDurableObject(Hosted: EndpointClass): typeof DurableObject<Environment> {
  const endpoints = new WeakMap<object, object>();

  class Host extends DurableObject<Environment> implements MoveRpc {
    constructor(ctx: DurableObjectState, env: Environment) {
      super(ctx, env);
      this.#load();
    }

    #load(): void {
      const getEnv = (): Environment => this.env;
      const around = {
        get env() {
          return getEnv();
        },
        // Whatever the setting says by now: with the other one nothing is served, and what is under way would be sent to where nobody is.
        near: (name: string | undefined) => findNeighbours(getEnv(), name, placeOwn(getEnv())),
      };
      endpoints.set(this, new Hosted(createDurableContext(this.ctx), around));
    }

    async takeMoved(...given: Parameters<MoveRpc["takeMoved"]>): Promise<void> {
      takeMoved(createDurableContext(this.ctx), ...given);
      // What was in memory knew nothing of it.
      this.#load();
    }

    settleMoved(...given: Parameters<MoveRpc["settleMoved"]>): Promise<void> {
      return settleMoved(createDurableContext(this.ctx), ...given);
    }
  }

  for (const name of listMethods(Hosted)) {
    Object.defineProperty(Host.prototype, name, {
      value(this: object, ...given: unknown[]) {
        const endpoint = endpoints.get(this) as { [method: string]: (...given: unknown[]) => unknown };
        return endpoint[name]?.(...given);
      },
    });
  }
  return Host;
}
