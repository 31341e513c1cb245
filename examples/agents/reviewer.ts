/**
 * A reviewer of workflows/code-review.yaml: claims the role when it is offered, asks for changes at first sight, approves what
 * was mended. Put your model, your linter or your test run where `review` decides.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connectAgent, type OfferDecision, type TurnAssigned, type TurnContext, type TurnOutput } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const agent = connectAgent({
  ...readSettings(),
  async onOffer({ workflow, role, thread }): Promise<OfferDecision> {
    tell("offered", `${role} in ${workflow}`, { thread });
    // It looks at its other work before it says yes.
    await delay(300);
    return "claim";
  },
  onTurn: { "code-review/reviewer": review },
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);

async function review(turn: TurnAssigned, { progress }: TurnContext): Promise<TurnOutput> {
  tell("turn", turn.prompt, { thread: turn.thread });
  progress("reading the diff");
  await delay(600);
  const output: TurnOutput =
    turn.last?.role === "author"
      ? { $status: "approved", summary: "Tests pass, the name says what it does." }
      : { $status: "changes_requested", changes: ["name the retry limit", "test the last retry"] };
  tell("answers", describe(output), { thread: turn.thread });
  return output;
}

function describe({ $status, summary, changes }: TurnOutput): string {
  return $status === "approved" ? `approved: ${summary}` : `changes requested: ${(changes as string[]).join("; ")}`;
}
