/** `wait_for_turn`: what a model that has nothing to do calls. */
import * as z from "zod";
import type { OfferOpened } from "../client/contract-types.ts";
import { mcpLimits } from "./limits.ts";
import { listTurn, type Shown, showOffers, showTurn } from "./show.ts";
import { createTool, say, type ToolCall } from "./tool.ts";

/** Makes it. @param waitMs how long it waits unless told */
export const createWaitTool = (waitMs: number) =>
  createTool({
    name: "wait_for_turn",
    title: "Wait for a turn",
    description: `Waits until there is a turn for you to perform, and gives it: what to do, by when, and the schema of the answer. Also returns for new offers of roles, which you may claim, and for events that you were sent. Returns after ${Math.round(waitMs / 1_000)} s with "nothing yet" where nothing came: then call it again, for as long as you are to work. Cancel it whenever you like: nothing is lost.`,
    input: z.object({
      seconds: z
        .number()
        .min(0)
        .max(mcpLimits.waitMaxMs / 1_000)
        .optional()
        .describe(
          `How long to wait at most; ${Math.round(waitMs / 1_000)} unless told. More than 50 only if your client waits that long for tools.`,
        ),
    }),
    reads: true,
    async run({ seconds }, call) {
      const leave = call.worker.attend();
      try {
        return await waitForWork(seconds === undefined ? waitMs : seconds * 1_000, call);
      } finally {
        leave();
      }
    },
  });

async function waitForWork(ms: number, call: ToolCall): Promise<Shown> {
  const { worker, signal, progress } = call;
  const began = call.now();
  claimSeen(call);
  for (;;) {
    // What comes now is for the next call: nobody reads what this one finds.
    if (signal.aborted) return say("The call was cancelled.");
    worker.use();
    const seen = worker.changes();
    const found = (await lookForWork(call)) ?? remind(call);
    if (found) return found;
    const left = began + ms - call.now();
    if (left <= 0) return say(describeNothing(call, began));
    await worker.change(seen, Math.min(left, mcpLimits.progressMs), signal);
    progress(Math.round((call.now() - began) / 1_000), "waiting for a turn");
  }
}

/** A turn that no result has shown, an event, or an offer that is new. */
async function lookForWork(call: ToolCall): Promise<Shown | undefined> {
  const { worker } = call;
  const next = worker.turns.open().find(({ shown, sending }) => !shown && !sending);
  if (next) {
    next.shown = true;
    const unseen = () => {
      next.shown = false;
    };
    return { ...showTurn(next, call.now()), unseen };
  }
  if (worker.news.hasEvent())
    return say("No turn yet, but you were sent something. Call `wait_for_turn` again when you have dealt with it.");
  if (!worker.offers.hasNew()) return undefined;
  const fresh = await readNewOffers(call);
  if (fresh.length === 0) return undefined;
  for (const { offer } of fresh) worker.offers.show(offer);
  return say(
    `No turn yet, but roles are offered. Claim one that you can do well with \`claim\`, decline what you will not do with \`decline\`, then call \`wait_for_turn\` again.\n\n${showOffers(fresh)}`,
  );
}

/** Those that the server still calls open. */
async function readNewOffers({ worker }: ToolCall): Promise<OfferOpened[]> {
  const me = await worker
    .use()
    .agent.me()
    .catch(() => undefined);
  // While the server is away nothing can be claimed: they are shown when it is back.
  if (!me) return [];
  const { offers } = me;
  const fresh = (offers as OfferOpened[]).filter(({ offer }) => worker.offers.isNew(offer));
  const open = new Set(fresh.map(({ offer }) => offer));
  worker.offers.keep(open);
  return fresh;
}

/** Offers that came while nobody waited, of roles that are claimed without asking. */
function claimSeen({ worker }: ToolCall): void {
  for (const offer of worker.offers.wanted()) {
    if (!worker.use().agent.decide(offer, "claim")) return;
    worker.offers.show(offer.offer);
  }
}

/** Where no other turn can come, waiting is in vain. */
function remind({ worker }: ToolCall): Shown | undefined {
  const open = worker.turns.open().filter(({ sending }) => !sending);
  if (open.length < Math.max(1, worker.slots)) return undefined;
  const lines = open.map(listTurn).join("\n");
  return say(
    `You have ${open.length === 1 ? "a turn" : `${open.length} turns`} in hand, and no slot for another. Answer first (\`respond\`), or see it again (\`get_turn\`):\n\n${lines}`,
  );
}

function describeNothing({ worker, now }: ToolCall, began: number): string {
  const away = worker.away();
  const open = worker.turns.open();
  return [
    `Nothing yet after ${Math.round((now() - began) / 1_000)} s. Call \`wait_for_turn\` again.`,
    ...(away ? [away.detail] : []),
    ...(open.length > 0 ? [`In hand:\n${open.map(listTurn).join("\n")}`] : []),
  ].join("\n\n");
}
