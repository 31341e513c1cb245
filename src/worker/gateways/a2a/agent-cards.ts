/** Cards: what clients are told of the server, of an exposed workflow, and of an agent. Pure. */
import { A2A_PROTOCOL_VERSION, type AgentCard, type AgentInterface, type AgentSkill } from "@a2a-js/sdk";
import type { JsonSchema } from "../../../contract/json-schema/check-schema.ts";
import { version } from "../../../version.ts";

const modes = ["application/json", "text/plain"];

/** What a card is about. */
export type CardSubject =
  | { kind: "workflow"; name: string; description: string; revision: string; input: JsonSchema | null }
  | { kind: "agent"; name: string; description: string | null; capabilities: string[] };

/** Where a subject is, below the server's address. */
export function pathOf({ kind, name }: Pick<CardSubject, "kind" | "name">): string {
  return `/a2a/${kind}s/${encodeURIComponent(name)}`;
}

/**
 * The card of one workflow or agent.
 * @param origin of the server, as its callers reach it
 */
export function makeCard(origin: string, subject: CardSubject): AgentCard {
  const url = `${origin}${pathOf(subject)}`;
  return {
    ...frame(),
    name: subject.name,
    description: subject.kind === "workflow" ? subject.description : describeAgent(subject),
    version: subject.kind === "workflow" ? subject.revision : version,
    supportedInterfaces: [speaks(url, "JSONRPC"), speaks(url, "HTTP+JSON")],
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: false, extensions: [] },
    skills: [toSkill(subject)],
  };
}

/** The server's own card. What it offers is in the extended one, which takes a token. */
export function makeServerCard(origin: string, subjects: readonly CardSubject[] | undefined): AgentCard {
  return {
    ...frame(),
    name: "nerveflare",
    description:
      "Workflows of many agents, and agents that dial in. The extended card lists, as skills, those that the caller's token may use; each has a card of its own below /a2a/<id of its skill>. A message to this address names a skill by `skill` in its metadata.",
    version,
    supportedInterfaces: [speaks(`${origin}/a2a`, "JSONRPC")],
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true, extensions: [] },
    skills: subjects === undefined ? [anySkill] : subjects.map(toSkill),
  };
}

/** What stands for all skills in the card that everybody sees: a card has one at least. */
const anySkill: AgentSkill = {
  ...{ id: "listed-in-the-extended-card", name: "Workflows and agents", tags: ["nerveflare"], examples: [] },
  description: "Those that the caller's token may use are listed in the extended card.",
  ...{ inputModes: [], outputModes: [], securityRequirements: [] },
};

function frame(): Pick<
  AgentCard,
  "provider" | "securitySchemes" | "securityRequirements" | "defaultInputModes" | "defaultOutputModes" | "signatures"
> {
  return {
    provider: undefined,
    securitySchemes: {
      bearer: {
        scheme: {
          $case: "httpAuthSecurityScheme",
          value: { description: "A token of an agent or an operator of this server.", scheme: "Bearer", bearerFormat: "" },
        },
      },
    },
    securityRequirements: [{ schemes: { bearer: { list: [] } } }],
    ...{ defaultInputModes: modes, defaultOutputModes: modes, signatures: [] },
  };
}

function speaks(url: string, protocolBinding: string): AgentInterface {
  return { url, protocolBinding, tenant: "", protocolVersion: A2A_PROTOCOL_VERSION };
}

function toSkill(subject: CardSubject): AgentSkill {
  const isWorkflow = subject.kind === "workflow";
  return {
    id: `${subject.kind}s/${subject.name}`,
    name: subject.name,
    description: isWorkflow ? describeWorkflow(subject) : describeAgent(subject),
    tags: isWorkflow ? ["workflow"] : ["agent", ...subject.capabilities],
    ...{ examples: [], inputModes: modes, outputModes: modes, securityRequirements: [] },
  };
}

/** A card has no place for a schema of its own: the skill's description says it. */
function describeWorkflow({ description, input }: Extract<CardSubject, { kind: "workflow" }>): string {
  return input === null ? description : `${description}\n\nA part of data fits this JSON Schema: ${JSON.stringify(input)}`;
}

function describeAgent({ name, description, capabilities }: Extract<CardSubject, { kind: "agent" }>): string {
  return description ?? (capabilities.length > 0 ? `The agent ${name}: ${capabilities.join(", ")}.` : `The agent ${name}.`);
}
