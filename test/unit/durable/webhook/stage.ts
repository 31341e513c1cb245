/** A webhook over a log, a receiver and a clock that a test has in its hands. */
import { Webhook as Receiver } from "standardwebhooks";
import type { CloudEvent, Json } from "../../../../src/contract/event.ts";
import type { WebhookFilter, WebhookStanding } from "../../../../src/contract/views/webhook.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { attemptDelivery } from "../../../../src/durable/webhook/attempt-delivery.ts";
import { readAt, readMatching } from "../../../../src/durable/webhook/read-matching.ts";
import { createWebhook, type Webhook } from "../../../../src/durable/webhook/webhook.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

export const firstSecret = `whsec_${btoa("first secret of thirty-two bytes")}`;

/** A request as the receiver got it, its signature already checked by the official package. */
export interface Got {
  at: number;
  id: string;
  event: CloudEvent;
  signatures: number;
}

/** What the receiver does with a request: an answer, or no answer. */
export type Behaviour = (event: CloudEvent) => Response | Error | Promise<Response>;

const ok: Behaviour = () => new Response(null, { status: 204 });

/** A receiver that does as it is told, and checks each signature with the official package. */
function createReceiver(now: () => number) {
  const receiver = {
    got: [] as Got[],
    requests: [] as { url: string; init: RequestInit }[],
    behave: ok,
    secrets: [firstSecret],
    mostAtOnce: 0,
    async receive(url: string, init: RequestInit): Promise<Response> {
      receiver.requests.push({ url, init });
      const headers = Object.fromEntries(new Headers(init.headers));
      const event = verify(init.body as string, headers);
      const signatures = (headers["webhook-signature"] ?? "").split(" ").length;
      receiver.got.push({ at: now(), id: headers["webhook-id"] ?? "", event, signatures });
      atOnce += 1;
      receiver.mostAtOnce = Math.max(receiver.mostAtOnce, atOnce);
      try {
        // Others of the same moment arrive before it answers.
        await Promise.resolve();
        const answer = await receiver.behave(event);
        if (answer instanceof Error) throw answer;
        return answer;
      } finally {
        atOnce -= 1;
      }
    },
  };
  let atOnce = 0;

  /** @throws where one of the secrets did not sign */
  function verify(body: string, headers: Record<string, string>): CloudEvent {
    // The package's own clock is the machine's; its tolerance is not what is tested.
    const real = Date.now;
    Date.now = now;
    try {
      return receiver.secrets.map((secret) => new Receiver(secret).verify(body, headers)).at(0) as CloudEvent;
    } finally {
      Date.now = real;
    }
  }

  return receiver;
}

interface About {
  thread?: string;
  data?: Json;
  source?: string;
  [attribute: string]: Json | undefined;
}

/** A log in D1. */
function createLog() {
  const db = openSqliteD1();
  let logged = 0;

  async function write(...rows: ProjectionRow[]): Promise<void> {
    await db.batch(prepareProjection(db as never, rows.map(encodeRow)) as D1PreparedStatement[]);
  }

  /** Logs events of this kind. */
  function log(type: string, count = 1, about: About = {}): Promise<void> {
    const { thread = null, data = {}, source = thread === null ? "/agents/a" : `/threads/${thread}`, ...attributes } = about;
    return write(
      ...Array.from({ length: count }, (): ProjectionRow => {
        const event = { ...attributes, specversion: "1.0" as const, id: `e${++logged}`, source, type, time: "2026-11-26T08:00:00Z", data };
        return { table: "event", thread, event: thread === null ? event : { ...event, correlationid: thread } };
      }),
    );
  }

  return { db, write, log };
}

export function createStage(filter: Partial<WebhookFilter> = {}, url = "https://hooks.example.com/nerve") {
  const { db, write, log } = createLog();
  const storage = createNodeStorage();
  const warned: object[] = [];
  let now = Date.parse("2026-11-26T08:00:00Z");
  let alarm: number | undefined;
  const receiver = createReceiver(() => now);
  const { got, requests } = receiver;
  let failsToRead = false;
  let webhook = load();

  function load(): Webhook {
    const ports = { now: () => now, allowsPrivate: false, fetch: receiver.receive, tellTask: async () => undefined };
    return createWebhook({
      store: createStore(storage, "webhook/w"),
      now: () => now,
      setAlarm(at) {
        alarm = at;
      },
      read: async (...query) => {
        if (failsToRead) throw new Error("D1 is away");
        return readMatching(db, ...query);
      },
      readAt: (positions) => readAt(db, positions),
      attempt: (settings, entry) => attemptDelivery(settings, entry, ports),
      warn: (entry) => warned.push(entry),
    });
  }

  /** Rings the alarm where it is due. @returns whether it was */
  async function ring(): Promise<boolean> {
    if (alarm === undefined || alarm > now) return false;
    alarm = undefined;
    await webhook.alarm();
    return true;
  }

  /** Everything that is due now. */
  async function settle(): Promise<void> {
    for (let rung = 0; await ring(); rung++) if (rung > 1000) throw new Error("the alarm rings on and on");
  }

  const inOrder = (): Got[] => got.toSorted((a, b) => a.at - b.at || String(a.event.sequence).localeCompare(String(b.event.sequence)));

  return {
    db,
    got,
    warned,
    requests,
    write,
    log,
    settle,
    get now() {
      return now;
    },
    get alarm() {
      return alarm;
    },
    get webhook() {
      return webhook;
    },
    get mostAtOnce() {
      return receiver.mostAtOnce;
    },
    set behave(behaviour: Behaviour | undefined) {
      receiver.behave = behaviour ?? ok;
    },
    set secrets(list: string[]) {
      receiver.secrets = list;
    },
    set failsToRead(fails: boolean) {
      failsToRead = fails;
    },
    async create(): Promise<void> {
      const whole = { kinds: ["*"], workflow: null, role: null, agent: null, ...filter };
      await webhook.create({ url, filter: whole, links: "https://nerve.example.com/", secret: firstSecret, position: 0 });
    },
    /** The log was written, and whoever writes it says so. */
    async wake(): Promise<void> {
      await webhook.wake();
      await settle();
    },
    /** Time goes on, alarm by alarm. */
    async pass(milliseconds: number): Promise<void> {
      const until = now + milliseconds;
      while (alarm !== undefined && alarm <= until) {
        now = Math.max(now, alarm);
        await settle();
      }
      now = until;
    },
    /** The object leaves memory. */
    evict(): void {
      webhook = load();
    },
    async standing(): Promise<WebhookStanding> {
      const shown = await webhook.standing();
      if (!shown) throw new Error("there is none");
      return shown;
    },
    /** Several are under way at once, so they arrive in no order: these are in the order of the log, within what came at one moment. */
    kinds: () => inOrder().map(({ event }) => event.type),
    ids: () => inOrder().map(({ event }) => event.id),
  };
}
