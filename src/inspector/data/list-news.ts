/** What came for whoever is signed in. Knows no browser. */
import type { MeView } from "../../contract/views/me.ts";

export interface News {
  /** The same for the same thing, however often it is told. */
  tag: string;
  title: string;
  body: string;
  path: string;
}

export const pathOfTurn = (thread: string, role: string): string => `/ui/turns/${encodeURIComponent(thread)}/${encodeURIComponent(role)}`;

/** What is there now and was not before. */
export function listNews(before: MeView, now: MeView): News[] {
  const turns = new Set(before.turns.map(({ turn }) => turn));
  const offers = new Set(before.offers.map(({ offer }) => offer));
  return [
    ...now.turns
      .filter(({ turn }) => !turns.has(turn))
      .map(({ turn, thread, workflow, role, prompt }) => ({
        ...{ tag: turn, title: `Your turn: ${role.name} in ${workflow}`, body: prompt.slice(0, 200), path: pathOfTurn(thread, role.name) },
      })),
    ...now.offers
      .filter(({ offer }) => !offers.has(offer))
      .map(({ offer, thread, workflow, role, goal }) => ({
        ...{ tag: offer, title: `May be yours: ${role} in ${workflow}`, body: goal.slice(0, 200), path: pathOfTurn(thread, role) },
      })),
  ];
}
