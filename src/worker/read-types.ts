/** What an agent may know of the types of published workflows: fingerprints, by which it notices that its own are older. */
import { fingerprintTypes } from "../compile/types/fingerprint-types.ts";
import type { AgentCard } from "../contract/views/agent.ts";
import type { TypesView } from "../contract/views/me.ts";
import { createD1Registry } from "../durable/registry/create-d1-registry.ts";

/** Of the workflows that are published, and of which whoever asks may have a role: others it is told nothing of, not even that they are. */
export async function readTypes(db: D1Database, names: readonly string[], { roles }: Pick<AgentCard, "roles">): Promise<TypesView> {
  const registry = createD1Registry(db);
  const asked = new Set(names.filter((name) => roles === null || roles.some((role) => role.startsWith(`${name}/`))));
  const published = (await registry.reflexes()).filter(({ workflow }) => asked.has(workflow));
  const workflows: TypesView["workflows"] = [];
  for (const { workflow, revision } of published) {
    const compiled = await registry.revision(revision);
    if (compiled) workflows.push({ name: workflow, ...fingerprintTypes(compiled.ir) });
  }
  return { workflows };
}
