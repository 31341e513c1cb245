/** An author made of the types that openapi-typescript generates: starts a review, and answers its turns, by polling. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.ts";

type Schemas = components["schemas"];

const { GET, POST } = createClient<paths>({
  baseUrl: process.env.NERVEFLARE_URL ?? "",
  headers: { authorization: `Bearer ${process.env.NERVEFLARE_TOKEN}` },
  // Lists travel with commas between, as the document says; the library has to be told.
  querySerializer: { array: { style: "form", explode: false } },
});

const started = await POST("/v1/events", { body: { id: "ready-115", type: "pr.ready_for_review", data: { repo: "nerve", pr: 115 } } });
if (started.error) throw new Error(started.error.detail);

for (let ended = false; !ended; ) {
  const { data: page, error } = await GET("/v1/inbox", {
    params: { query: { channel: ["my", "open"], wait: 5, client: "openapi-fetch" } },
  });
  if (!page) throw new Error(error.detail);
  for (const { event } of page.events) {
    console.log(JSON.stringify(event));
    if (event.type === "nerve.turn.assigned") {
      const { turn, lease } = (event as Schemas["TurnAssignedEvent"]).data;
      const answer: Schemas["TurnRespondEvent"] = {
        id: `answer-${turn}`,
        type: "nerve.turn.respond",
        data: { turn, lease: lease.generation, output: { $status: "updated", note: "named it" } },
      };
      const { error: refused } = await POST("/v1/events", { body: answer });
      if (refused) throw new Error(`${refused.code}: ${refused.detail}`);
    }
    ended ||= event.type === "nerve.thread.completed";
  }
  await POST("/v1/inbox/ack", { body: { seqs: page.events.map(({ seq }) => seq) } });
}
