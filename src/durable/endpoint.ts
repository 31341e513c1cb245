/**
 * What may be asked of an actor's object, wherever it lives: the methods of a class that extends {@link Endpoint}. Knows no platform;
 * as-durable-object.ts and the cell give it one.
 */
import type { Environment, Neighbours } from "./environment.ts";
import type { ObjectContext } from "./host/storage/object-context.ts";

/** What an endpoint finds around it. */
export interface Surroundings {
  readonly env: Environment;
  /** @param name of the object that asks, as far as it is known */
  near(name: string | undefined): Neighbours;
}

export abstract class Endpoint {
  protected readonly ctx: ObjectContext;
  readonly #around: Surroundings;

  constructor(ctx: ObjectContext, around: Surroundings) {
    this.ctx = ctx;
    this.#around = around;
  }

  protected get env(): Environment {
    return this.#around.env;
  }

  /** Everything that the object reaches from where it is. */
  protected get near(): Neighbours {
    return this.#around.near(this.ctx.name);
  }
}

export type EndpointClass<E extends Endpoint = Endpoint> = new (ctx: ObjectContext, around: Surroundings) => E;

/** Names of the methods that others may call: those of the class and of what it extends. */
export function listMethods({ prototype }: EndpointClass): string[] {
  const names = new Set<string>();
  for (let at: object = prototype; at !== Endpoint.prototype; at = Object.getPrototypeOf(at))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (name !== "constructor" && typeof value === "function") names.add(name);
  return [...names];
}
