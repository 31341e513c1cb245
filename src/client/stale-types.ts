/**
 * Notices that types were made of another revision of a workflow than the one that is published, or than the one that a turn belongs to.
 * It says so and changes nothing: an answer is judged by the server, whatever the types were.
 */
import { fingerprintSchema } from "../contract/json-schema/fingerprint-schema.ts";
import type { JsonSchema } from "../contract/json-schema/json-schema.ts";
import { limits } from "../contract/limits.ts";
import type { TypesView } from "../contract/views/me.ts";
import { createBoundedSet } from "./bounded.ts";
import { ClientError } from "./client-error.ts";
import type { TurnAssigned } from "./contract-types.ts";
import type { HttpCaller } from "./http.ts";
import { clientLimits } from "./limits.ts";
import type { TakeNote } from "./note.ts";
import type { TypedWorkflow, TypedWorkflows } from "./workflow-types.ts";

export interface StaleTypes {
  /** Asks the server what is published: until it has answered once, with each connection that opens. */
  ask(): void;
  /** Looks at a turn: it carries the schema of its own revision. */
  look(turn: TurnAssigned): void;
}

type Published = TypesView["workflows"][number];

export function createStaleTypes({ workflows, http, note }: { workflows: TypedWorkflows; http: HttpCaller; note: TakeNote }): StaleTypes {
  const byName = new Map(workflows.map((workflow) => [workflow.name, workflow]));
  const said = createBoundedSet(clientLimits.notedTypes);
  let asked = byName.size === 0;

  async function read(): Promise<void> {
    const names = [...byName.keys()];
    const published = new Map<string, Published>();
    for (let at = 0; at < names.length; at += limits.typedWorkflows) {
      const query = encodeURIComponent(names.slice(at, at + limits.typedWorkflows).join());
      const answer = (await http.call("GET", `v1/me/types?workflows=${query}`)) as Partial<TypesView> | null;
      // Something else than a list is as good as none: a server that knows no types.
      if (!Array.isArray(answer?.workflows)) return;
      for (const each of answer.workflows) published.set(each.name, each);
    }
    for (const workflow of byName.values()) compare(workflow, published.get(workflow.name));
  }

  function compare(workflow: TypedWorkflow, published: Published | undefined): void {
    const { name, fingerprints } = workflow;
    if (!published) {
      const message = `${name} is not published, or no role of it is this agent's to have; its types were made all the same`;
      note({ level: "warn", what: "types.unpublished", message, workflow: name });
      return;
    }
    const changes: string[] = published.input === fingerprints.input ? [] : ["what starts a thread"];
    for (const role of new Set([...Object.keys(fingerprints.roles), ...Object.keys(published.roles)])) {
      const now = readOwn(published.roles, role);
      const then = readOwn(fingerprints.roles, role);
      if (now === then) continue;
      changes.push(now === undefined ? `${role}, which is gone` : then === undefined ? `${role}, which is new` : role);
      if (now !== undefined) said.add(keyOf(name, role, now));
    }
    if (changes.length > 0) say(workflow, `the workflow ${name} was changed since its types were made: ${changes.join("; ")}`, {});
  }

  function say({ name, command }: TypedWorkflow, what: string, about: { turn?: string; thread?: string }): void {
    const message = `${what}. In the folder of the types run \`npx ${command}\` for the workflow as it is published, and compile`;
    note({ level: "warn", what: "types.stale", message, workflow: name, ...about });
  }

  return {
    ask() {
      if (asked) return;
      asked = true;
      read().catch((error: unknown) => {
        // A server of before has nothing to say of types. What failed on the way is asked again.
        asked = error instanceof ClientError && error.problem !== undefined && !error.retryable;
      });
    },
    look({ workflow: name, role, turn, thread }) {
      const workflow = byName.get(name);
      if (!workflow) return;
      const now = fingerprintSchema(role.schema as JsonSchema);
      const then = readOwn(workflow.fingerprints.roles, role.name);
      if (then !== undefined && schemaOf(then) === now) return;
      const key = keyOf(name, role.name, now);
      if (said.has(key)) return;
      said.add(key);
      const how = then === undefined ? "a role that its types do not know" : "whose answer has changed since its types were made";
      say(workflow, `a turn of ${name}/${role.name} came, ${how}`, { turn, thread });
    },
  };
}

/** Of a role's fingerprint what is its schema's: statuses that the graph alone says stand behind a `+`, and no turn tells them. */
function schemaOf(fingerprint: string): string {
  return fingerprint.split("+", 1)[0] ?? "";
}

const keyOf = (workflow: string, role: string, fingerprint: string): string => `${workflow}/${role} ${schemaOf(fingerprint)}`;

function readOwn(map: { readonly [name: string]: string }, name: string): string | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
