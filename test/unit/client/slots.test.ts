/** Slots of the client: what it believes to be taken follows from what the server says, however the two were parted. */
import { describe, expect, test } from "vitest";
import { clientLimits } from "../../../src/client/limits.ts";
import type { Me } from "../../../src/client/me.ts";
import { createOffers, type Offers } from "../../../src/client/offers.ts";
import type { OfferOpened } from "../../../src/contract/kinds/offer.ts";
import type { FakeServer } from "./fake-server.ts";
import { createFixture, makeOffer } from "./fixture.ts";
import { createManualClock } from "./manual-clock.ts";

const claims = (server: FakeServer) => server.accepted.filter(({ type }) => type === "nerve.offer.claim").map(({ data }) => data["offer"]);
const lease = { generation: 1, expires: null };

function createStage(slots: number) {
  const clock = createManualClock();
  const sent: string[] = [];
  let now: Partial<Me> = {};
  const read = async () => ({ rolesHeld: [], turns: [], offers: [], claims: [], ...now }) as unknown as Me;
  const offers: Offers = createOffers({
    slots,
    decide: () => "claim",
    outbox: {
      send: async (event) => {
        sent.push((event.data as { offer: string }).offer);
        return { id: event.id, status: "accepted", threads: [], notes: [] };
      },
    },
    me: { read, share: read },
    clock,
    note: () => {},
    held: () => {},
  });
  const offer = (id: string) => makeOffer(id) as unknown as OfferOpened;
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, sent, offers, offer, settle, say: (me: Partial<Me>) => (now = me) };
}

describe("[SLOT1] an offer that had its verdict", () => {
  test.each(["accepted", "rejected", "closed"])("%s, is not opened again by a list that was asked for before", async (verdict) => {
    const { clock, sent, offers, offer, settle } = createStage(3);
    const asked = clock.now();
    offers.open(offer("t1:0:1"), asked);
    await settle();
    clock.advance(5);
    if (verdict === "accepted") offers.accept({ offer: "t1:0:1", thread: "t1", role: "reviewer" });
    if (verdict === "rejected") offers.reject({ offer: "t1:0:1" });
    if (verdict === "closed") offers.close("t1:0:1");
    offers.endThread("t1");
    offers.open(offer("t1:0:1"), asked);
    await settle();
    expect(sent).toEqual(["t1:0:1"]);
    // A list of after it tells something new.
    clock.advance(5);
    offers.open(offer("t1:0:1"), clock.now());
    await settle();
    expect(sent).toEqual(["t1:0:1", "t1:0:1"]);
  });
});

test("[SLOT2] a claim that the server does not know any more gives its slot back, one that it knows keeps it", async () => {
  const { clock, sent, offers, offer, settle, say } = createStage(2);
  for (const id of ["t1:0:1", "t2:0:1", "t3:0:1", "t4:0:1"]) offers.open(offer(id), clock.now());
  await settle();
  expect(sent).toEqual(["t1:0:1", "t2:0:1"]);
  say({ claims: [{ offer: "t2:0:1", thread: "t2", role: "reviewer" }] });
  await settle();
  clock.advance(clientLimits.resyncMs);
  await settle();
  expect(sent).toEqual(["t1:0:1", "t2:0:1", "t3:0:1"]);
});

test("[SLOT3] while offers wait and all slots seem taken, the server is asked again and again, less and less often", async () => {
  const { clock, sent, offers, offer, settle, say } = createStage(1);
  say({ claims: [{ offer: "t1:0:1", thread: "t1", role: "reviewer" }] });
  offers.open(offer("t1:0:1"), clock.now());
  offers.open(offer("t2:0:1"), clock.now());
  await settle();
  expect(clock.due()).toEqual([clientLimits.resyncMs]);
  clock.advance(clientLimits.resyncMs);
  await settle();
  expect(clock.due()).toEqual([2 * clientLimits.resyncMs]);
  say({});
  clock.advance(2 * clientLimits.resyncMs);
  await settle();
  expect(sent).toEqual(["t1:0:1", "t2:0:1"]);
});

test("[SLOT4] a claim that conflicts with an earlier one of its offer gives its slot back once the server holds none", async () => {
  const { server, connect } = await createFixture();
  const agent = connect({ onTurn: () => ({}) });
  server.me.offers = [makeOffer("t1:0:1")];
  server.give("nerve.offer.opened", makeOffer("t1:0:1"), { channel: "open" });
  await agent.noted("offer.claim");
  server.give("nerve.claim.accepted", { offer: "t1:0:1", thread: "t1", role: "reviewer", lease });
  await agent.noted("claim.accepted");
  server.give("nerve.thread.completed", { thread: "t1", workflow: "code-review" });
  await server.until(() => server.unacknowledged().length === 0);
  // The list still names it, and so without the event that the first claim followed from.
  server.dropSockets();
  await server.until(() => server.posted.filter(({ type }) => type === "nerve.offer.claim").length === 2);
  server.me.offers = [];
  server.give("nerve.offer.opened", makeOffer("t2:0:1"), { channel: "open" });
  await server.until(() => claims(server).length === 2);
  expect(claims(server)).toEqual(["t1:0:1", "t2:0:1"]);
});
