/**
 * A reviewer of workflows/code-review.yaml: claims the role when it is offered, asks for changes at first sight, approves what
 * was mended. Put your model, your linter or your test run where `review` decides.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connectAgent, type OfferDecision, type TurnContext } from "./client.ts";
import { codeReview, type ReviewerOutput, type ReviewerTurn } from "./code-review.types.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const agent = connectAgent({
  ...readSettings(),
  // A review that the workflow does not take does not compile: see docs/typed-handlers.md.
  workflows: [codeReview],
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

async function review(turn: ReviewerTurn, { progress }: TurnContext): Promise<ReviewerOutput> {
  tell("turn", turn.prompt, { thread: turn.thread });
  progress("reading the diff");
  await delay(600);
  const output: ReviewerOutput =
    turn.last?.role === "author"
      ? { $status: "approved", summary: "Tests pass, the name says what it does." }
      : { $status: "changes_requested", changes: ["name the retry limit", "test the last retry"] };
  tell("answers", describe(output), { thread: turn.thread });
  return output;
}

function describe(output: ReviewerOutput): string {
  return output.$status === "approved" ? `approved: ${output.summary}` : `changes requested: ${output.changes.join("; ")}`;
}
