/** The client in a web page: tickets for sockets, what it says of a server that its browser keeps from it, and how it comes back. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { refuseBy } from "../../../src/client/client-error.ts";
import { createConnection } from "../../../src/client/connection.ts";
import type { Fetch } from "../../../src/client/fetch.ts";
import { createHttpCaller } from "../../../src/client/http.ts";
import { ClientError } from "../../../src/client/index.ts";
import { createSocketTransport, type SocketLike } from "../../../src/client/socket-transport.ts";
import type { LinkEnd, LinkListener } from "../../../src/client/transport.ts";
import { createProblem, type ProblemCode } from "../../../src/contract/problem.ts";
import { createManualClock } from "./manual-clock.ts";

const url = "https://nerve.example";

/** Runs the rest of the test in what looks like a page. */
function becomePage(origin: string): EventTarget {
  const events = new EventTarget();
  vi.stubGlobal("location", { href: `${origin}/desk`, origin });
  vi.stubGlobal("origin", origin);
  vi.stubGlobal("addEventListener", events.addEventListener.bind(events));
  vi.stubGlobal("removeEventListener", events.removeEventListener.bind(events));
  onTestFinished(() => void vi.unstubAllGlobals());
  return events;
}

describe("a socket by ticket", () => {
  /** Opens a socket that a test ends. */
  function open(getTicket: () => Promise<string>) {
    const made: { address: string; protocols: string[]; emit(type: string, event?: object): void }[] = [];
    class Socket implements SocketLike {
      readonly #listeners = new Map<string, (event: object) => void>();
      constructor(address: string, protocols: string[]) {
        made.push({ address, protocols, emit: (type, event = {}) => this.#listeners.get(type)?.(event) });
      }
      send() {}
      close() {}
      addEventListener(type: string, listener: (event: object) => void) {
        this.#listeners.set(type, listener);
      }
    }
    const clock = createManualClock();
    const transport = createSocketTransport({ url, proof: getTicket, channels: ["my"], WebSocket: Socket, clock });
    const listener = { opened: vi.fn(), ended: vi.fn<(end: LinkEnd) => void>() };
    const link = transport.open(listener as unknown as LinkListener, { connection: "a.1", client: "a", replaces: [] });
    return { made, listener, clock, link };
  }
  const refuse = (code: ProblemCode) => () => Promise.reject(refuseBy(createProblem(code, "no")));

  test("[CLIENT22] shows the ticket in its address, and the token nowhere", async () => {
    const { made, listener } = open(async () => "alice.a ticket");
    await vi.waitFor(() => expect(made).toHaveLength(1));
    expect(made[0]).toMatchObject({
      address: "wss://nerve.example/v1/connect?channel=my&connection=a.1&client=a&ticket=alice.a%20ticket",
      protocols: ["nerveflare.v1"],
    });
    made[0]?.emit("open");
    expect(listener.opened).toHaveBeenCalledOnce();
  });

  test.each([
    ["token", refuse("unauthenticated")],
    ["rate", refuse("rate_limited")],
    ["lost", refuse("unavailable")],
    ["lost", () => Promise.reject(new ClientError("network", "no"))],
    // A server that has none, or something else at that address.
    ["unsupported", refuse("not_found")],
  ] as const)("[CLIENT22] is %s where what keeps the ticket from being given says so", async (why, getTicket) => {
    const { made, listener } = open(getTicket);
    await vi.waitFor(() => expect(listener.ended).toHaveBeenCalledWith(expect.objectContaining({ why })));
    expect(made).toEqual([]);
  });

  test("[CLIENT22] that is refused takes another ticket: of the token, only the next one tells", async () => {
    const { made, listener } = open(async () => "alice.old");
    await vi.waitFor(() => expect(made).toHaveLength(1));
    made[0]?.emit("close", { code: 4401, reason: "This ticket was used" });
    expect(listener.ended).toHaveBeenCalledWith({ why: "lost", detail: "the server closed the socket: 4401 This ticket was used" });
  });

  test("[CLIENT22] that was given up meanwhile is not opened", async () => {
    let give = (_: string) => {};
    const { made, link, clock, listener } = open(() => new Promise((resolve) => (give = resolve)));
    link.close();
    give("alice.late");
    await Promise.resolve();
    clock.advance(60_000);
    expect(made).toEqual([]);
    expect(listener.ended).not.toHaveBeenCalled();
  });
});

describe("a call that a browser keeps from its page", () => {
  const blocked = new TypeError("Failed to fetch");
  function call(origin: string | undefined, isThere: boolean) {
    if (origin !== undefined) becomePage(origin);
    const asked: string[] = [];
    const fetch: Fetch = async (address, { mode }) => {
      asked.push(`${mode ?? "cors"} ${address}`);
      if (mode === "no-cors" && isThere) return new Response();
      throw blocked;
    };
    const http = createHttpCaller({ url, token: "t", fetch, clock: createManualClock() });
    const signal = new AbortController().signal;
    const failures = [http.call("GET", "v1/me"), http.stream("v1/inbox/stream?channel=my", signal)].map((failing) =>
      failing.then(
        () => "nothing failed",
        (error: ClientError) => `${error.code} ${error.message}`,
      ),
    );
    return { failures: Promise.all(failures), asked };
  }

  test("[CLIENT23] says which setting lets the page in, where something answers there", async () => {
    const { failures, asked } = call("https://desk.example", true);
    const advice =
      "Something answers there that pages of https://desk.example may not read: if it is the server, its operator adds https://desk.example to NERVEFLARE_ORIGINS";
    expect(await failures).toEqual([
      `network GET v1/me: Failed to fetch. ${advice}`,
      `network GET v1/inbox/stream: Failed to fetch. ${advice}`,
    ]);
    expect(asked.filter((each) => each === "no-cors https://nerve.example/healthz")).toHaveLength(2);
  });

  test.each([
    ["where nothing answers", "https://desk.example", false],
    ["of a page of the server's own", url, true],
    ["outside of pages", undefined, true],
  ])("[CLIENT23] says only that it failed, %s", async (_, origin, isThere) => {
    const { failures } = call(origin, isThere);
    expect(await failures).toEqual(["network GET v1/me: Failed to fetch", "network GET v1/inbox/stream: Failed to fetch"]);
  });
});

describe("a page that comes back", () => {
  /** A connection of which each link ends as a test says. */
  function connect() {
    const clock = createManualClock();
    const ends: ((end: LinkEnd) => void)[] = [];
    const open = vi.fn((listener: LinkListener) => {
      ends.push(listener.ended);
      return { close() {}, beat() {} } as never;
    });
    const transports = [{ name: "poll" as const, open }];
    const connection = createConnection({ transports, client: "a", clock, random: () => 1, note() {}, listener: { failed() {} } as never });
    const end = (more: Partial<LinkEnd> = {}) => ends.at(-1)?.({ why: "lost", detail: "gone", ...more });
    return { clock, open, end, connection };
  }

  test.each(["online", "pageshow"])("[CLIENT24] tries again at once, at the event %s", (type) => {
    const events = becomePage("https://desk.example");
    const { clock, open, end, connection } = connect();
    for (let tries = 1; tries < 8; tries++) {
      end();
      clock.advance(60_000);
    }
    end();
    expect(open).toHaveBeenCalledTimes(8);
    events.dispatchEvent(new Event(type));
    expect(open).toHaveBeenCalledTimes(9);
    // Neither the wait that was cut short, nor another event, opens a second one beside it.
    clock.advance(120_000);
    events.dispatchEvent(new Event(type));
    expect(open).toHaveBeenCalledTimes(9);
    connection.close();
  });

  test.each([{ retryAfter: 30 }, { why: "rate" }, { why: "replaced" }] as Partial<LinkEnd>[])(
    "[CLIENT24] waits all the same where more than its own haste asks for it: %j",
    (more) => {
      const events = becomePage("https://desk.example");
      const { open, end, connection } = connect();
      end(more);
      events.dispatchEvent(new Event("online"));
      expect(open).toHaveBeenCalledTimes(1);
      connection.close();
    },
  );

  test("[CLIENT24] listens no more once it is closed", () => {
    const events = becomePage("https://desk.example");
    const removed = vi.spyOn(events, "removeEventListener");
    vi.stubGlobal("removeEventListener", events.removeEventListener.bind(events));
    const { open, end, connection } = connect();
    end();
    connection.close();
    events.dispatchEvent(new Event("online"));
    expect(open).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls.map(([type]) => type)).toEqual(["online", "pageshow"]);
  });
});
