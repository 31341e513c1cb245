/** `GET /v1/me`: what the server says of this agent now. */
import type { Json } from "../contract/event.ts";
import type { Lease } from "../contract/kinds/lease.ts";
import type { OfferOpened } from "../contract/kinds/offer.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import type { HttpCaller } from "./http.ts";

/** The agent as the server sees it. */
export interface Me {
  id: string;
  capabilities: string[];
  /** `workflow/role` grants; absent or null: all. */
  roles?: string[] | null;
  kinds?: string[] | null;
  limits?: Json;
  /** The server's time, RFC 3339. */
  now: string;
  rolesHeld: { thread: string; workflow: string; role: string; lease: Lease; type?: string; heartbeat?: { every: string } }[];
  /** Open turns, each once and as it was last given; with the event that gave it. */
  turns: (TurnAssigned & { assignment?: { id: string; source: string; time: string; seq: number } })[];
  /** Those of them that another process has in hand over a live connection. */
  elsewhere?: string[];
  /** Other processes that are there with the same token. */
  others?: string[];
  /** Claims whose verdict is to come; an older server does not say. */
  claims?: { offer: string; thread: string; role: string }[];
  /** Open offers. */
  offers: OfferOpened[];
  inbox: { unacknowledged: number; last: number };
}

/** Reads {@link Me}. */
export interface MeReader {
  /** Asks the server now. */
  read(): Promise<Me>;
  /** Like `read`, but those who ask before the question left share one answer. Never older than the call. */
  share(): Promise<Me>;
}

/** Makes a {@link MeReader}. @param client what the process calls itself: it is told what others have in hand */
export function createMeReader(http: HttpCaller, client?: string): MeReader {
  let shared: Promise<Me> | undefined;
  const read = async (): Promise<Me> => {
    const me = (await http.call("GET", client === undefined ? "v1/me" : `v1/me?client=${client}`)) as Partial<Me>;
    return { rolesHeld: [], turns: [], offers: [], ...me } as Me;
  };
  return {
    read,
    share() {
      shared ??= Promise.resolve().then(() => {
        shared = undefined;
        return read();
      });
      return shared;
    },
  };
}
