/** What the benchmark does as an operator. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";

/** A server and the right to change it. */
export interface Operated {
  url: string;
  adminToken: string;
}

/** Calls the server as operator and gives the answer's body. */
export async function callOperator(
  { url, adminToken }: Operated,
  method: string,
  path: string,
  body: string,
  type: string,
): Promise<unknown> {
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": type };
  const response = await fetch(`${url}${path}`, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** How the reviewer comes to its role. */
export type Roles = "recruited" | "named";

/** Publishes the review that is played, its reviewer recruited or named. */
export async function publishReview(server: Operated, roles: Roles): Promise<void> {
  const workflow = parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), "..", "review.yaml"), "utf8"));
  const { eligibility: _, recruitment: __, ...reviewer } = workflow.roles.reviewer;
  if (roles === "named") workflow.roles.reviewer = { ...reviewer, type: "named", agent: "reviewer" };
  await callOperator(server, "PUT", "/v1/workflows/review", stringify(workflow), "text/yaml");
}

/** Registers an agent and gives its token. */
export async function registerAgent(server: Operated, id: string, capability: string): Promise<string> {
  const body = JSON.stringify({ id, capabilities: [capability] });
  return ((await callOperator(server, "POST", "/v1/agents", body, "application/json")) as { token: string }).token;
}
