import { expect, test } from "vitest";
import { createProblem } from "../../../src/contract/problem.ts";
import { createRandom } from "../../../src/explore/create-random.ts";
import type { Sent } from "./fake-server.ts";
import { createFixture, makeOffer, makeTurn } from "./fixture.ts";
import { createManualClock } from "./manual-clock.ts";

const turnsPerRun = 40;

const isResponse = ({ type }: Sent) => type === "nerve.turn.respond";

test.each([1, 2, 3, 4, 5, 6])(
  "[CLIENT15] seed %i: whatever is dropped, lost, doubled or refused, each turn is performed once and answered once",
  async (seed) => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const random = createRandom(seed);
    const performed: string[] = [];
    const seen: string[] = [];
    let faults = true;

    server.judge = () => {
      if (!faults) return undefined;
      const fate = random();
      if (fate < 0.15) server.dropSockets(random() < 0.5 ? 1011 : undefined);
      if (fate < 0.2) server.dropStreams(random() < 0.5 ? 4413 : undefined);
      if (fate < 0.3) return "lost";
      if (fate < 0.4) return createProblem("unavailable", "Later.", { retryAfter: 1 });
      if (fate < 0.45) return createProblem("rate_limited", "Slower.", { retryAfter: 2 });
      return undefined;
    };
    const agent = connect({
      clock,
      random,
      slots: 3,
      onTurn: async ({ turn }, { progress }) => {
        performed.push(turn);
        progress("working");
        await Promise.resolve();
        return { $status: "done", turn };
      },
      onEvent: ({ id }) => void seen.push(id),
    });

    const given: string[] = [];
    for (let number = 1; number <= turnsPerRun; number++) {
      const event = server.give("nerve.turn.assigned", makeTurn(`t${number}.1:1`, { thread: `t${number}` }));
      given.push(server.give("team.news", { number }).id);
      server.give("nerve.offer.opened", makeOffer(`t${number}:0:1`), { channel: "open" });
      if (random() < 0.3) server.repeat(event);
      if (random() < 0.2) server.dropSockets();
      // Each way has its hour, so that none is left out by chance.
      const hour = Math.floor((number - 1) / 5) % 4;
      server.allowSockets = hour < 2 && random() < 0.7;
      server.allowStreams = hour < 3 && random() < 0.7;
      if (number % 5 === 1 && hour >= 2) server.dropSockets();
      if (number % 5 === 1 && hour === 3) server.dropStreams();
      server.allowPolls = random() < 0.9;
      const until = clock.now() + random() * 2_000;
      await clock.runUntil(() => clock.now() >= until);
    }
    faults = false;
    server.allowSockets = server.allowStreams = server.allowPolls = true;
    await clock.runUntil(() => server.unacknowledged().length === 0);

    // Otherwise the run proved nothing.
    for (const times of [server.connects, server.opens, server.polls]) expect(times).toBeGreaterThan(0);
    expect(server.posted.length).toBeGreaterThan(server.accepted.length);

    const turns = Array.from({ length: turnsPerRun }, (_, index) => `t${index + 1}.1:1`);
    expect(performed.toSorted()).toEqual(turns.toSorted());
    expect(
      server.accepted
        .filter(isResponse)
        .map(({ data }) => data["turn"])
        .sort(),
    ).toEqual(turns.toSorted());
    for (const { id, data } of server.posted.filter(isResponse)) expect(id).toBe(`answer:${data["turn"]}:1:1`);
    expect(seen).toEqual(given);
    expect(agent.notes.filter(({ level }) => level === "error")).toEqual([]);
  },
);
