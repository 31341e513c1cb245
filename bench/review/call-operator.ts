/** What the benchmark does as an operator. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A server and the right to change it. */
export interface Operated {
  url: string;
  adminToken: string;
}

/** Calls the server as operator and gives the answer's body. */
async function callOperator({ url, adminToken }: Operated, method: string, path: string, body: string, type: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": type };
  const response = await fetch(`${url}${path}`, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Publishes the review that is played. */
export async function publishReview(server: Operated): Promise<void> {
  const workflow = readFileSync(join(dirname(fileURLToPath(import.meta.url)), "..", "review.yaml"), "utf8");
  await callOperator(server, "PUT", "/v1/workflows/review", workflow, "text/yaml");
}

/** Registers an agent and gives its token. */
export async function registerAgent(server: Operated, id: string, capability: string): Promise<string> {
  const body = JSON.stringify({ id, capabilities: [capability] });
  return ((await callOperator(server, "POST", "/v1/agents", body, "application/json")) as { token: string }).token;
}
