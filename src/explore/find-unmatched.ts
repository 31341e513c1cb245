/** Asks the real moderator about sampled answers: finds one, allowed by the role's schema, for which no edge can be picked. */
import { createModerator } from "../compile/decide/create-moderator.ts";
import type { Step } from "../compile/decide/view.ts";
import type { RoleIr, WorkflowIr } from "../compile/ir.ts";
import type { Json } from "../contract/event.ts";
import { createRandom, type Random } from "./create-random.ts";
import { sampleSchema } from "./sample-schema.ts";

/** An answer that picks no edge. */
export interface Unmatched {
  node: string;
  message: string;
  story: string[];
  hint: string;
}

/** Answers that are tried per node. */
const samplesPerNode = 40;

/** Errors of the graph; others (a template that comes out blank, say) are about one answer's text. */
const codes = new Set(["no_edge", "no_status"]);

function sampleAnswer(role: RoleIr, random: Random): { [key: string]: Json } | undefined {
  if (role.schema === undefined) return undefined;
  const { value } = sampleSchema(role.schema, random);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

function sampleHistory(ir: WorkflowIr, last: Step, random: Random): Step[] {
  const length = Math.floor(random() * 4);
  const steps = Array.from({ length }, (): Step | undefined => {
    const role = ir.roles[Math.floor(random() * ir.roles.length)];
    const output = role && sampleAnswer(role, random);
    return role && output ? { role: role.name, agent: "sampled", output } : undefined;
  });
  return [...steps.filter((step) => step !== undefined), last];
}

/** Every node of a role that has a schema, with the first sampled answer that picks no edge. */
export async function findUnmatched(ir: WorkflowIr): Promise<Unmatched[]> {
  const moderator = createModerator(ir);
  const found: Unmatched[] = [];
  for (const node of ir.nodes) {
    const role = ir.roles.find((candidate) => candidate.name === node.name);
    // A broadcast's output is the engine's; a list that ends without a condition matches everything.
    if (role?.schema === undefined || role.type === "broadcast" || ir.form === "moderator") continue;
    if (node.edges.some(({ guard }) => guard.type === "always")) continue;
    const random = createRandom(1);
    for (let sample = 0; sample < samplesPerNode; sample++) {
      const output = sampleAnswer(role, random);
      if (output === undefined) break;
      const last: Step = { role: role.name, agent: "sampled", output };
      const steps = sampleHistory(ir, last, random);
      const event = { specversion: "1.0", id: "sampled", source: "/agents/sampled", type: "sampled" } as const;
      const result = await moderator.decide(node.name, {
        start: { workflow: ir.name, event: { ...event }, which: "new" },
        last,
        steps: () => steps,
      });
      if (result.ok || !codes.has(result.error.code)) continue;
      const answer = JSON.stringify(output);
      found.push({
        node: node.name,
        message: `An answer that ${node.name} may give picks no edge, and the thread fails: ${result.error.message}.`,
        story: [
          "1. an event arrives",
          `2. ${node.name} has the turn`,
          `3. ${node.name} answers ${answer}`,
          `4. ${result.error.message}: the thread fails.`,
        ],
        hint: "Add a last transition without a condition, or an edge for it.",
      });
      break;
    }
  }
  return found;
}
