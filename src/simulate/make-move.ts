/** Makes a move in a thread that is walked. */
import { evaluateExpression, isTruthy } from "../compile/decide/expression.ts";
import { hasBudget } from "../compile/has-budget.ts";
import { checkOutput } from "../contract/json-schema/check-output.ts";
import { describeMisfits } from "../contract/json-schema/check-schema.ts";
import { findUsageFault, readUsage, type SaidUsage } from "../contract/usage.ts";
import { readView } from "./read-view.ts";
import { type SimulatedThread, thread } from "./simulated-thread.ts";
import type { Move, Output } from "./simulation.ts";

/** @returns why it was not taken, if it was not */
export async function makeMove(walked: SimulatedThread, move: Move): Promise<string | undefined> {
  switch (move.do) {
    case "answer":
      return answer(walked, move.output, move.usage);
    case "timeout":
      return passTime(walked);
    case "fail":
      return fail(walked, move.error);
    case "child": {
      const task = await walked.readTask();
      if (!task?.facts.children) return "no child is waited for";
      return walked.send(task.name, { type: "child.ended", round: task.facts.round, status: move.status });
    }
    case "suspend":
    case "resume":
    case "cancel":
      return walked.send(thread, { type: `thread.${move.do}`, reason: `${move.do} by hand` });
    default:
      return move satisfies never;
  }
}

/** The turn that is open, and who is to answer it. */
async function findTurn(walked: SimulatedThread) {
  const task = await walked.readTask();
  const { turn } = await readView(walked);
  const open = task?.facts.open;
  if (!task || !open || !turn) return undefined;
  return { task, ...turn, fence: { turn: open.turn, agent: turn.agent, generation: open.generation } };
}

async function answer(walked: SimulatedThread, output: Output, said: SaidUsage | undefined): Promise<string | undefined> {
  const fault = said && findUsageFault(said);
  if (fault !== undefined) return `the usage cannot be: ${fault}`;
  const took = said && hasBudget(walked.compiled.ir) ? readUsage(said) : undefined;
  const usage = took && { usage: { tokens: took.tokens, cost: took.cost ?? 0 } };
  const { compiled, event, broadcast, send } = walked;
  const found = await findTurn(walked);
  if (!found) return "nobody has a turn that could be answered";
  const { task, fence, role, agent, schema } = found;
  const misfits = checkOutput(schema, output);
  if (misfits.length > 0) {
    const refused = await send(task.name, { type: "turn.invalid", ...fence, ...usage });
    return `the output does not fit ${role}'s schema: ${describeMisfits(misfits, "output")}${refused ? ` (${refused})` : ""}`;
  }
  if (!task.facts.audience) return send(task.name, { type: "turn.answered", ...fence, ...usage }, { output });
  const test = compiled.ir.roles.find(({ name }) => name === role)?.broadcast?.ok;
  const judged = test === undefined ? undefined : await evaluateExpression(test, output, { event });
  const ok = judged === undefined || (judged.ok && isTruthy(judged.value));
  broadcast.answer(agent, output, ok);
  return send(task.name, { type: "turn.answered", ...fence, ok, ...usage }, { output });
}

async function fail(walked: SimulatedThread, error: string): Promise<string | undefined> {
  const found = await findTurn(walked);
  if (!found) return "nobody has a turn that could fail";
  const { task, fence, agent } = found;
  if (task.facts.audience) walked.broadcast.answer(agent, {}, false);
  return walked.send(task.name, { type: "turn.failed", ...fence, retryable: false, reason: error.slice(0, 500) });
}

async function passTime({ readTask, readRoot, passTo }: SimulatedThread): Promise<string | undefined> {
  const due = (await readTask())?.timers[0]?.due ?? (await readRoot())?.timers[0]?.due;
  if (due === undefined) return "nothing waits for a time";
  await passTo(due);
  return undefined;
}
