/** What has a card: exposed workflows and exposed agents. Reads the registry. */
import type { AppPorts } from "../../app-ports.ts";
import { listExposedAgents, readExposedAgent } from "../../exposed-agents.ts";
import { listExposed, readExposed } from "../../exposed-workflows.ts";
import type { CardSubject } from "./agent-cards.ts";
import { a2aLimits } from "./limits.ts";

export type GatewayPorts = Pick<
  AppPorts,
  | "db"
  | "agent"
  | "thread"
  | "workflow"
  | "projector"
  | "webhook"
  | "compile"
  | "registryChanged"
  | "log"
  | "now"
  | "randomBytes"
  | "allowsPrivateWebhooks"
  | "keepArchives"
>;

/** All of them, workflows first, as many as a card lists. */
export async function listSubjects({ db }: Pick<GatewayPorts, "db">): Promise<CardSubject[]> {
  const [{ workflows }, agents] = await Promise.all([
    listExposed(db, { limit: a2aLimits.skills }),
    listExposedAgents(db, a2aLimits.skills),
  ]);
  const subjects: CardSubject[] = [
    ...workflows.map((each) => ({ kind: "workflow" as const, ...each })),
    ...agents.map(({ id, ...rest }) => ({ kind: "agent" as const, name: id, ...rest })),
  ];
  return subjects.slice(0, a2aLimits.skills);
}

/** One of them; undefined: there is none of the name, or it is not exposed. */
export async function findSubject({ db }: Pick<GatewayPorts, "db">, kind: string, name: string): Promise<CardSubject | undefined> {
  if (kind === "workflows") {
    const workflow = await readExposed(db, name);
    return workflow && { kind: "workflow", ...workflow };
  }
  if (kind !== "agents") return undefined;
  const agent = await readExposedAgent(db, name);
  return agent && { kind: "agent", name: agent.id, description: agent.description, capabilities: agent.capabilities };
}
