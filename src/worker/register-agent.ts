/** Registers an agent in D1 and in its own object; whatever is left half done can be done again. */

import type { AgentCard } from "../contract/views/agent.ts";
import { hashToken } from "../durable/agent/token-hash.ts";
import { abandonRegistration, beginRegistration, finishRegistration } from "./agent-store.ts";
import type { AppPorts } from "./app-ports.ts";
import { problemError, unwrap } from "./problem-error.ts";
import { formatToken } from "./tokens.ts";

/**
 * @returns the agent's token, which is nowhere else
 * @throws ProblemError `already_exists`, `unavailable`
 */
export async function registerAgent(ports: AppPorts, card: AgentCard): Promise<string> {
  const { db } = ports;
  const registration = crypto.randomUUID();
  const exists = () => problemError("already_exists", `There is an agent ${card.id}. Change it with PATCH, or delete it first.`);
  const begun = await beginRegistration(db, card, registration, ports.now());
  if (begun === "exists") throw exists();
  if (begun === "pending")
    throw problemError("unavailable", `Another registration of ${card.id} is under way. Try again.`, { retryAfter: 10 });
  const token = formatToken(card.id, ports.randomBytes(32));
  try {
    unwrap(await ports.agent(card.id).register(card, await hashToken(token)));
  } catch (error) {
    await abandonRegistration(db, card.id, registration);
    throw error;
  }
  if (!(await finishRegistration(db, card.id, registration))) throw exists();
  return token;
}
