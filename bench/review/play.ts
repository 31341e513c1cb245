/**
 * The two agents of the review workflow, over raw WebSockets: a client library would measure itself. They answer at once,
 * acknowledge in batches, and keep a number of reviews running.
 */
import type { InboxItem } from "../../src/contract/frames/server-frames.ts";
import type { OfferOpened } from "../../src/contract/kinds/offer.ts";
import type { Outcome } from "../../src/contract/kinds/thread.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import type { Play } from "../orders.ts";
import { type AgentSocket, openAgentSocket } from "./agent-socket.ts";
import { publishReview, registerAgent } from "./call-operator.ts";
import { authorOutputs, reviewerOutputs } from "./outputs.ts";

/** Starts playing; see {@link Play}. */
export const playReviews: Play = async (task, recorder) => {
  // The author has as many.
  const reviewerTurns = (task.turns ?? 10) / 2;
  await publishReview(task, task.roles);
  const tokens = await Promise.all([registerAgent(task, "author", "coding"), registerAgent(task, "reviewer", "code-review")]);

  /** The open threads: the event that started each, and how many turns the reviewer has had. */
  const reviews = new Map<string, { event: string; turns: number }>();
  let started = 0;

  const listen = { url: task.url, onItem, onFailure: recorder.failed };
  const sockets = await Promise.all(tokens.map((token) => openAgentSocket({ ...listen, token })));
  const author = sockets[0];
  if (!author) throw new Error("no author");
  // Room for every review at once; by default an agent plays one.
  await Promise.all(sockets.map((socket) => socket.post("nerve.agent.report", { slots: 10_000, load: 0 })));
  return () => {
    for (let slot = 0; slot < task.concurrency; slot += 1) startReview(author);
  };

  function startReview(socket: AgentSocket) {
    if (!recorder.mayStart()) return;
    started += 1;
    recorder.started(socket.send("pr.ready_for_review", { repo: "nerveflare", pr: started, title: "Rename the flag" }));
  }

  function onItem(socket: AgentSocket, { event }: InboxItem) {
    switch (event.type) {
      case "nerve.offer.opened":
        socket.send("nerve.offer.claim", { offer: (event.data as unknown as OfferOpened).offer }, event.id);
        return;
      case "nerve.turn.assigned":
        return answer(socket, event.data as unknown as TurnAssigned, event.id);
      case "nerve.thread.completed": {
        if (socket !== author) return;
        const { thread, outcome } = event.data as unknown as { thread: string; outcome: Outcome };
        if (outcome.status !== "completed") recorder.failed(`thread ${thread} ended as ${JSON.stringify(outcome)}`);
        recorder.ended(reviews.get(thread)?.event ?? thread);
        reviews.delete(thread);
        return startReview(socket);
      }
      case "nerve.thread.failed":
      case "nerve.thread.suspended":
      case "nerve.thread.cancelled":
      case "nerve.thread.dropped":
      case "nerve.claim.rejected":
      case "nerve.turn.revoked":
        return recorder.failed(`${event.type}: ${JSON.stringify(event.data)}`);
    }
  }

  function answer(socket: AgentSocket, { turn, lease, thread, role, event }: TurnAssigned, causationid: string) {
    const review = reviews.get(thread) ?? { event: event.id, turns: 0 };
    reviews.set(thread, review);
    recorder.given(review.event);
    if (role.name === "reviewer") review.turns += 1;
    const output = (role.name === "reviewer" ? reviewerOutputs : authorOutputs)[review.turns < reviewerTurns ? "goOn" : "last"];
    socket.send("nerve.turn.respond", { turn, lease: lease.generation, output }, causationid);
  }
};
