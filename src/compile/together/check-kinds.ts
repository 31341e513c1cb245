/** Kinds of events: what one file sends and another waits for under nearly the same name. Kinds alone are no fault: agents send and hear them too. */
import { matchesKind } from "../../contract/kinds/matches-kind.ts";
import { readEmits, readReactions } from "../check/check-endless.ts";
import type { TextNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import { type Group, type Member, nameSpan } from "./member.ts";
import { indexNear } from "./near.ts";

interface Place {
  member: Member;
  node: TextNode;
  /** Of what is sent: it is addressed to somebody. */
  addressed?: boolean;
}

/** Kinds, each with where it stands. */
export interface Kinds {
  sent: ReadonlyMap<string, readonly Place[]>;
  /** Exact kinds, and prefixes as `review.*`. */
  heard: ReadonlyMap<string, readonly Place[]>;
}

/** What files send and hear, but for the orchestrator's own kinds. */
export function listKinds(members: readonly Member[]): Kinds {
  const sent = new Map<string, Place[]>();
  const heard = new Map<string, Place[]>();
  const add = (map: Map<string, Place[]>, place: Place): void => {
    const { value } = place.node;
    // The orchestrator's and the protocol's own are told apart in each file.
    if (!value.startsWith("nerve.") && !value.includes("{{")) map.set(value, [...(map.get(value) ?? []), place]);
  };
  for (const member of members) {
    const { outline } = member;
    if (!outline) continue;
    for (const list of readEmits(outline, readReactions(outline)).values())
      for (const emit of list) {
        const node = findText(emit, "kind");
        if (node) add(sent, { member, node, addressed: findValue(emit, "to") !== undefined });
      }
    for (const reflex of outline.reflexes) for (const node of listItems(reflex, "on")) if (isText(node)) add(heard, { member, node });
  }
  return { sent, heard };
}

/** Kinds that only one side of the files knows: what comes from outside, and what leaves. */
export function listOutside({ sent, heard }: Kinds): { heard: string[]; sent: string[] } {
  const prefixes = [...heard.keys()].filter((pattern) => pattern.endsWith("*"));
  const kinds = [...sent.keys()];
  return {
    heard: [...heard.keys()].filter(
      (pattern) => !sent.has(pattern) && !(pattern.endsWith("*") && kinds.some((kind) => matchesKind([pattern], kind))),
    ),
    sent: kinds.filter((kind) => !heard.has(kind) && !matchesKind(prefixes, kind)),
  };
}

/** Reports kinds that miss one another by a slip; of a server's agents, also what nobody hears or may send. */
export function checkKinds({ members, reportOf, known }: Group): void {
  const kinds = listKinds(members);
  const { sent, heard } = kinds;
  const outside = listOutside(kinds);
  const unsent = new Set(outside.heard);
  const unheard = new Set(outside.sent.filter((kind) => sent.get(kind)?.some(({ addressed }) => !addressed)));
  const nearUnsent = indexNear(unsent);
  const nearUnheard = indexNear(unheard);
  for (const kind of unheard) {
    const places = sent.get(kind) ?? [];
    const near = nearUnsent.find(kind);
    for (const other of near) {
      const others = heard.get(other) ?? [];
      // One of the two is the slip: the one that is written less often; of two, the one that waits.
      if (places.length < others.length) tellUnheard(places, kind, other, others);
      else tellUnsent(others, other, kind, places);
    }
    if (near.length === 0 && known && !known.hears(kind))
      for (const { member, node, addressed } of places)
        if (!addressed)
          reportOf(member).add(
            "unheard-kind",
            node.span,
            `Nobody hears \`${kind}\`: no reflex of these files or of the server, and no agent.`,
            {
              hint: "name whom it is for in `to`, grant an agent the subscription, or leave it out",
            },
          );
  }
  for (const pattern of unsent) {
    if (!known || known.sends(pattern) || nearUnheard.find(pattern).length > 0) continue;
    for (const { member, node } of heard.get(pattern) ?? [])
      reportOf(member).add(
        "unsent-kind",
        node.span,
        `Nobody sends \`${pattern}\`: no workflow of these files or of the server emits it, and no agent may.`,
        { hint: `an agent sends it that is granted the kind, or an operator by \`nerveflare post ${pattern}\`` },
      );
  }

  function tellUnheard(places: readonly Place[], kind: string, other: string, others: readonly Place[]): void {
    for (const { member, node } of places)
      reportOf(member).add(
        "unheard-kind",
        node.span,
        `No reflex here hears \`${kind}\`, and nothing here sends \`${other}\`, which ${nameFirst(others)} waits for.`,
        {
          hint: `did you mean \`${other}\`?`,
          fix: { title: `Write \`${other}\``, span: node.span, text: other },
        },
      );
  }

  function tellUnsent(places: readonly Place[], kind: string, other: string, others: readonly Place[]): void {
    for (const { member, node } of places)
      reportOf(member).add(
        "unsent-kind",
        node.span,
        `Nothing here sends \`${kind}\`, and no reflex here hears \`${other}\`, which ${nameFirst(others)} sends.`,
        {
          hint: `did you mean \`${other}\`?`,
          fix: { title: `Write \`${other}\``, span: node.span, text: other },
        },
      );
  }
}

function nameFirst([first, ...others]: readonly Place[]): string {
  if (!first) return "";
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `${nameSpan(first.member, first.node.span)}${more}`;
}
