/** Whether an agent is registered, asked of D1 once an isolate: the object itself proves the token, and that it is still there. */

/** Ids that are remembered: those of the agents that an isolate serves. */
const remembered = 10_000;

/** @returns true also when D1 cannot be asked: then the agent's object decides alone */
export function createRegisteredCheck(db: D1Database): (agent: string) => Promise<boolean> {
  const known = new Set<string>();
  return async (agent) => {
    if (known.has(agent)) return true;
    try {
      if (!(await db.prepare("SELECT 1 FROM agent WHERE id = ?").bind(agent).first())) return false;
    } catch (error) {
      console.warn(JSON.stringify({ at: "authenticate", agent, error: String(error) }));
      return true;
    }
    if (known.size >= remembered) known.clear();
    known.add(agent);
    return true;
  };
}
