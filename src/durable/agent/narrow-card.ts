/** What an agent's card is worth, given what the agent says of itself. */
import type { Json } from "../../contract/event.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { Identity, Report } from "./identity.ts";
import type { Assignments } from "./presence/assignments.ts";

/** Those of the capabilities that the agent does not disclaim. */
export function narrowCapabilities({ capabilities }: Pick<AgentCard, "capabilities">, said: Report): string[] {
  const { capabilities: claimed } = said;
  return claimed ? capabilities.filter((capability) => claimed.includes(capability)) : capabilities;
}

/** What an agent says of itself can only narrow what it was granted. */
export function narrowCard(
  { card: granted, report: said }: Pick<Identity, "card" | "report">,
  assignments: Assignments,
): {
  capabilities: string[];
  labels: Json;
  load: number;
} {
  return { capabilities: narrowCapabilities(granted, said), labels: (said.labels ?? {}) as Json, load: said.load ?? assignments.size() };
}
