/** What an actor's writes, promises and waits see of it. Knows documents and the journal, no machine. */
import type { Json } from "../../contract/event.ts";
import { type EffectTables, findChild } from "./apply-effects.ts";
import type { Committer } from "./committer.ts";
import type { Entry, EntryWriter } from "./entry.ts";
import { type PickState, readStateSince } from "./history.ts";
import type { LiveActor } from "./live-actors.ts";
import type { SteppedActor, StepScope } from "./logic.ts";
import type { World } from "./ports.ts";
import type { Journal } from "./store/journal.ts";

export interface ActorScopes {
  /** @param revision that the step makes: by default the next */
  scopeOf(actor: Pick<LiveActor, "row" | "definition">, revision?: number): StepScope;
  /** Since when the actor's state, or the part of it that `pick` returns, is what it is, in milliseconds. */
  readSince(actor: string, pick?: PickState): number;
  /** The actor after its steps, within their transaction. */
  viewStepped(actor: Pick<LiveActor, "row" | "snapshot">, status: string): SteppedActor;
}

export function createActorScopes(ports: {
  world: Pick<World, "storage" | "clock">;
  committer: Pick<Committer, "store"> & { entry: EntryWriter };
  tables: Pick<EffectTables, "docs" | "timers">;
  services: unknown;
}): ActorScopes {
  const { world, committer, services } = ports;
  const { docs, timers } = ports.tables;
  const { storage, clock } = world;
  const { store } = committer;
  const journal = store.journal as Journal<Entry>;

  // Of a whole state its document knows it; for a part of one its history is walked.
  const readSince = (id: string, pick?: PickState): number =>
    pick ? readStateSince(journal, committer.entry, id, clock.now(), pick) : (docs.read(id)?.since ?? 0);

  return {
    readSince,
    scopeOf: ({ row, definition }, revision = row.revision + 1) => ({
      actor: row.id,
      services,
      definition,
      storage,
      store,
      now: clock.now(),
      revision,
      findChild: (id) => findChild(docs, row.id, id),
    }),
    viewStepped: (actor, status) => new SteppedView(actor, status, timers, readSince),
  };
}

class SteppedView implements SteppedActor {
  readonly status: string;
  readonly value: Json;
  readonly context: Json;
  readonly #id: string;
  readonly #timers: EffectTables["timers"];
  readonly #readSince: ActorScopes["readSince"];

  constructor(
    { row, snapshot }: Pick<LiveActor, "row" | "snapshot">,
    status: string,
    timers: EffectTables["timers"],
    readSince: ActorScopes["readSince"],
  ) {
    this.status = status;
    this.value = snapshot.value as Json;
    this.context = snapshot.context as Json;
    this.#id = row.id;
    this.#timers = timers;
    this.#readSince = readSince;
  }

  get timers() {
    return this.#timers.of(this.#id);
  }

  since(pick?: PickState): number {
    return this.#readSince(this.#id, pick);
  }
}
