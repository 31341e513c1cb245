/** Takes a thread's decisions again, by the moderator of another revision, and tells where it decides otherwise. Pure. */
import { createModerator, type Moderator } from "../compile/decide/create-moderator.ts";
import type { Decision, DecisionView, Step } from "../compile/decide/view.ts";
import { isEngineOutput } from "../compile/decide/view.ts";
import type { RoleIr, WorkflowIr } from "../compile/ir.ts";
import type { Json } from "../contract/event.ts";
import { checkOutput } from "../contract/json-schema/check-output.ts";
import { describeMisfits } from "../contract/json-schema/check-schema.ts";
import type { Replay, ReplayExpectation, ReplayStep } from "./replay.ts";

/** How a replay went. */
export interface ReplayResult {
  steps: number;
  /** A line per difference, each naming its step. */
  differences: string[];
  /** What was decided at the start and after each step, as expectations say it; undefined: it failed. */
  decisions: (Pick<ReplayExpectation, "to" | "prompt"> | undefined)[];
}

/** Replays a thread. What stands after a step that goes another way is decided all the same, on what the thread did. */
export async function replayThread(ir: WorkflowIr, { event, start, supplement: added, steps }: Replay): Promise<ReplayResult> {
  const moderator = createModerator(ir);
  const differences: string[] = [];
  const decisions: ReplayResult["decisions"] = [];
  const note = (place: number, lines: string[]): void => {
    differences.push(
      ...lines.map((line) => (place === 0 ? `at the start: ${line}` : `step ${place} (${steps[place - 1]?.role}): ${line}`)),
    );
  };
  const history: Step[] = [];
  let supplement = added;
  const view = (which: DecisionView["start"]["which"]): DecisionView => {
    const last = history.at(-1);
    const known = supplement ?? undefined;
    return {
      start: { workflow: ir.name, event, which },
      ...(last && { last }),
      ...(known !== undefined && { supplement: known }),
      steps: () => [...history],
    };
  };
  const decide = async (
    place: number,
    node: string,
    expect: ReplayExpectation | undefined,
    which: "new" | "resume" = "new",
  ): Promise<void> => {
    const seen = view(which);
    const chosen = await moderator.decide(node, seen);
    // The turn would be one too many: the engine's own status decides instead.
    const isSpent = chosen.ok && !chosen.decision.target.startsWith("$") && node !== "$START" && history.length >= ir.maxRounds;
    const result = isSpent ? await moderator.decide(node, seen, "$MAX_ROUNDS") : chosen;
    if (!result.ok) {
      decisions.push(undefined);
      if (expect) note(place, [`no decision (${result.error.code}): ${result.error.message}; it was ${expect.to}`]);
      return;
    }
    const prompt = await readPrompt(moderator, node, seen, result.decision, steps[place]);
    decisions.push({ to: result.decision.target, prompt });
    if (expect) note(place, compare(result.decision, prompt, expect));
  };
  await decide(0, "$START", start);
  for (const [index, step] of steps.entries()) {
    const place = index + 1;
    if (step.supplement !== undefined) supplement = step.supplement;
    if (step.resumed) {
      decisions.pop();
      await decide(index, "$START", { to: step.role }, "resume");
    }
    note(place, judgeStep(ir, step));
    const { role, output, agent = null, body, children } = step;
    history.push({ role, agent, output, ...(body !== undefined && { body }), ...(children && { children }) });
    await decide(place, role, step.expect);
  }
  return { steps: steps.length, differences, decisions };
}

/** What of a step the revision would not have had. */
function judgeStep(ir: WorkflowIr, { role: name, output }: ReplayStep): string[] {
  const role = ir.roles.find((each) => each.name === name);
  if (!role) return [`there is no role \`${name}\` in this revision`];
  if (isEngineOutput(output)) return judgeEngineStep(ir, role, String(output["$status"]));
  const answers = role.type === "broadcast" ? readAnswers(output) : [output];
  return answers.flatMap((answer) => {
    const misfits = checkOutput(role.schema, answer);
    return misfits.length === 0 ? [] : [`its answer does not fit the schema: ${describeMisfits(misfits, "output")}`];
  });
}

function readAnswers({ answers }: ReplayStep["output"]): { [key: string]: Json }[] {
  if (!Array.isArray(answers)) return [];
  return answers.flatMap((answer) => {
    const output = typeof answer === "object" && answer !== null && !Array.isArray(answer) ? answer["output"] : undefined;
    return typeof output === "object" && output !== null && !Array.isArray(output) ? [output] : [];
  });
}

/** A turn that nobody answered is a step only where the graph is handed its status. */
function judgeEngineStep(ir: WorkflowIr, role: RoleIr, status: string): string[] {
  const policy = status === "$TIMEOUT" ? role.turn.onTimeout : status === "$FAILED" ? role.turn.onFail : undefined;
  const node = ir.nodes.find(({ name }) => name === role.name);
  const hasEdge = node?.edges.some(({ guard }) => guard.type === "status" && guard.status === status) ?? false;
  const isHanded = ir.form === "status" ? hasEdge : policy === undefined || policy === "forfeit";
  if (isHanded) return [];
  const then = policy === undefined ? "its policy acts" : `\`${policy}\` acts`;
  return [`${status} is not handed to the graph here: ${then}`];
}

function compare(decision: Decision, said: string | null, { to, prompt, because }: ReplayExpectation): string[] {
  if (decision.target !== to)
    return [
      `goes to ${decision.target}, not to ${to}${because === undefined ? "" : `, because ${JSON.stringify(decision.because)}, not ${JSON.stringify(because)}`}`,
    ];
  const lines: string[] = [];
  if (prompt !== undefined && said !== prompt) lines.push(`the prompt is ${JSON.stringify(said)}, not ${JSON.stringify(prompt)}`);
  if (because !== undefined && !isSameReason(because, decision.because as unknown as Json))
    lines.push(`because ${JSON.stringify(decision.because)}, not ${JSON.stringify(because)}`);
  return lines;
}

/** Another wording of a condition, or one more of them, is no other reason: what those gave that both tried is compared. */
function isSameReason(before: Json, after: Json): boolean {
  const [old, fresh] = [before, after].map((because) => because as { form?: string; tried?: { condition: string; saw: Json }[] });
  if (!old?.tried || !fresh?.tried) return JSON.stringify(before) === JSON.stringify(after);
  const saw = new Map(fresh.tried.map(({ condition, saw: value }) => [condition, JSON.stringify(value)]));
  return old.tried.every(({ condition, saw: value }) => !saw.has(condition) || saw.get(condition) === JSON.stringify(value));
}

/** The prompt as the turn had it: where children were waited for, it is written when they have ended. */
async function readPrompt(
  moderator: Moderator,
  node: string,
  view: DecisionView,
  decision: Decision,
  following: ReplayStep | undefined,
): Promise<string | null> {
  if (!following?.children || !decision.spawns.some((spawn) => spawn.await !== undefined)) return decision.prompt;
  const rendered = await moderator.renderPrompt(node, decision.edge, { ...view, children: following.children });
  return rendered.ok && rendered.prompt !== null ? rendered.prompt : decision.prompt;
}
