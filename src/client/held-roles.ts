/** The roles that this agent holds. Named ones were given without an offer and take no slot. */
import { createBoundedMap } from "./bounded.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { Me } from "./me.ts";

export interface HeldRoles {
  /** How many slots they take. */
  size(): number;
  /** This process claimed the role. @param bind `turn`: it ends with its turn */
  claim(thread: string, role: string, bind: string): void;
  /** A named role was given. */
  assign(thread: string, role: string): void;
  /** Each returns whether a slot is free now. */
  endTurn(thread: string, role: string): boolean;
  endRole(thread: string, role: string): boolean;
  endThread(thread: string): void;
  /** Whether any role of the thread is held. */
  holds(thread: string): boolean;
  /** Whether this process claimed the role. */
  isOwn(thread: string, role: string): boolean;
  /** Takes the server's word, asked at that time; what came since stands. */
  resync(rolesHeld: Me["rolesHeld"], asked: number): void;
}

export function createHeldRoles(clock: Clock): HeldRoles {
  const held = new Map<string, { bind: string; since: number }>();
  const named = new Set<string>();
  const own = createBoundedMap<string, true>(clientLimits.settledOffers);
  const nameRole = (thread: string, role: string): string => `${thread} ${role}`;
  return {
    size: () => held.size,
    claim(thread, role, bind) {
      held.set(nameRole(thread, role), { bind, since: clock.now() });
      own.set(nameRole(thread, role), true);
    },
    assign: (thread, role) => void named.add(nameRole(thread, role)),
    endTurn: (thread, role) => held.get(nameRole(thread, role))?.bind === "turn" && held.delete(nameRole(thread, role)),
    endRole(thread, role) {
      named.delete(nameRole(thread, role));
      return held.delete(nameRole(thread, role));
    },
    endThread(thread) {
      for (const key of held.keys()) if (key.startsWith(`${thread} `)) held.delete(key);
    },
    holds: (thread) => [...held.keys(), ...named].some((key) => key.startsWith(`${thread} `)),
    isOwn: (thread, role) => own.get(nameRole(thread, role)) === true,
    resync(rolesHeld, asked) {
      const known = new Set(rolesHeld.map(({ thread, role }) => nameRole(thread, role)));
      for (const { thread, role, type } of rolesHeld) if (type === "named") named.add(nameRole(thread, role));
      for (const key of known) if (!held.has(key) && !named.has(key)) held.set(key, { bind: "thread", since: asked });
      for (const key of named) if (!known.has(key)) named.delete(key);
      for (const [key, { since }] of held) if (!known.has(key) && since < asked) held.delete(key);
    },
  };
}
