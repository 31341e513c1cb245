/** `GET /v1/me`: what the server says of this agent now. */
import type { MeView } from "./contract-types.ts";
import type { HttpCaller } from "./http.ts";

type Held = MeView["rolesHeld"][number];

/** The agent as the server sees it. Of the roles held, an older server says less. */
export interface Me extends Omit<MeView, "rolesHeld" | "inbox"> {
  rolesHeld: (Pick<Held, "thread" | "workflow" | "role" | "lease"> & Partial<Held>)[];
  inbox: NonNullable<MeView["inbox"]>;
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
