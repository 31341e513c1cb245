/** A reviewer made of the client that @hey-api/openapi-ts generates: claims what is offered, and answers turns, by polling. */
import { client } from "./hey/client.gen.ts";
import { getInbox, postEvents, postInboxAck } from "./hey/sdk.gen.ts";
import type { OfferClaimEvent, OfferOpenedEvent, TurnAssignedEvent, TurnRespondEvent } from "./hey/types.gen.ts";

client.setConfig({ baseUrl: process.env.NERVEFLARE_URL ?? "", auth: process.env.NERVEFLARE_TOKEN ?? "" });

async function post(body: OfferClaimEvent | TurnRespondEvent): Promise<void> {
  const { error } = await postEvents({ body });
  if (error) throw new Error(`${body.type}: ${error.code}: ${error.detail}`);
}

for (let ended = false; !ended; ) {
  const { data: page, error } = await getInbox({ query: { channel: ["my", "open"], wait: 5, client: "hey-api" } });
  if (!page) throw new Error(error.detail);
  for (const { event } of page.events) {
    console.log(JSON.stringify(event));
    if (event.type === "nerve.offer.opened") {
      const { offer } = (event as OfferOpenedEvent).data;
      await post({ id: `claim-${offer}`, type: "nerve.offer.claim", data: { offer } });
    }
    if (event.type === "nerve.turn.assigned") {
      const { turn, lease, last } = (event as TurnAssignedEvent).data;
      const output =
        last === null ? { $status: "changes_requested", changes: ["name the limit"] } : { $status: "approved", summary: "good" };
      await post({ id: `answer-${turn}`, type: "nerve.turn.respond", data: { turn, lease: lease.generation, output } });
    }
    ended ||= event.type === "nerve.thread.completed";
  }
  await postInboxAck({ body: { seqs: page.events.map(({ seq }) => seq) } });
}
