/** How an actor of an object begins, and what is left of it once it is forgotten. */
import type { ActorDocs } from "./actor-docs.ts";
import { answerView } from "./actor-view.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { toPlainError } from "./error-data.ts";
import type { SendAnswer, StartRequest } from "./host-types.ts";
import { hostLimits } from "./limits.ts";
import type { LiveActors } from "./live-actors.ts";
import { checkPlain } from "./plain-data.ts";
import type { World } from "./ports.ts";
import type { Stepper } from "./stepper.ts";
import type { TimerTable } from "./timer-table.ts";

export interface ActorStarts {
  start(request: StartRequest, also?: () => void): Promise<SendAnswer>;
  /** Leaves of an ended actor what refuses whoever still writes to it. */
  forget(actor: string): boolean;
}

export function createActorStarts(ports: {
  world: Pick<World, "clock">;
  docs: ActorDocs;
  deadLetters: Pick<DeadLetters, "removeAll">;
  committer: Pick<Committer, "commit">;
  actors: LiveActors;
  timers: TimerTable;
  stepper: Pick<Stepper, "begin">;
}): ActorStarts {
  const { docs, deadLetters, committer, actors, timers, stepper } = ports;
  const { clock } = ports.world;

  async function start(request: StartRequest, also?: () => void): Promise<SendAnswer> {
    const fault = findStartFault(request);
    if (fault !== undefined) return { ok: false, code: "malformed", detail: fault };
    const existing = await actors.load(request.actor);
    if (existing) {
      const { logic, definition } = existing.row;
      if (logic !== request.logic || definition !== (request.definition ?? null))
        return { ok: false, code: "name_taken", detail: `there is an actor ${request.actor} already: ${describeLogic(logic, definition)}` };
      return answerView(existing, docs, timers);
    }
    if (docs.read(request.actor)) return { ok: false, code: "unknown_actor", detail: `there is no actor ${request.actor} any more` };
    const begun = await stepper.begin(request, await actors.loadLogic(request.logic, request.definition ?? null), also);
    return answerView(begun, docs, timers);
  }

  function forget(id: string): boolean {
    const row = docs.readRow(id);
    if (!row || row.status === "active") return false;
    committer.commit(() => {
      deadLetters.removeAll(id);
      docs.writeRow({ ...row, status: "forgotten", snapshot: "null", output: null, error: null, updated_at: clock.now() });
    });
    actors.release(id);
    return true;
  }

  return { start, forget };
}

/** Why an actor can't be started so. */
function findStartFault({ actor, input }: StartRequest): string | undefined {
  if (typeof actor !== "string" || actor === "") return "an actor's id is a text";
  if (actor.length > hostLimits.idLength) return `an actor's id has at most ${hostLimits.idLength} characters, this one ${actor.length}`;
  try {
    if (input !== undefined) checkPlain(input, "input");
    return undefined;
  } catch (error) {
    return toPlainError(error).message;
  }
}

function describeLogic(logic: string, definition: string | null): string {
  return definition === null ? logic : `${logic} of the definition ${definition}`;
}
