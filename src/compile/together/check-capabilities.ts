/** Capabilities that several files ask for: one that is written otherwise in a single place is most likely a slip. */

import { readEmits, readReactions } from "../check/check-endless.ts";
import type { SourceNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { type Group, type Member, nameSpan } from "./member.ts";
import { indexNear } from "./near.ts";

export interface CapabilityPlace {
  member: Member;
  name: string;
  span: Span;
  /** A fix may replace it as it stands. */
  whole: boolean;
}

/** Every capability that a file names: of roles, and as a recipient of events. */
export function listCapabilities(member: Member): CapabilityPlace[] {
  const { outline } = member;
  if (!outline) return [];
  const of = (node: SourceNode): CapabilityPlace[] =>
    isText(node) ? [{ member, name: node.value, span: node.span, whole: node.style === "plain" }] : [];
  const roles = [...outline.roles.values()].flatMap(({ node }) => [
    ...listItems(node, "capabilities"),
    ...listItems(findValue(node, "eligibility"), "all"),
  ]);
  const emits = [...readEmits(outline, readReactions(outline)).values()].flat();
  return [...roles.flatMap(of), ...emits.flatMap((emit) => readAddressed(member, findText(emit, "to")))];
}

function readAddressed(member: Member, to: SourceNode | undefined): CapabilityPlace[] {
  if (!isText(to) || to.value.includes("{{")) return [];
  return [...to.value.matchAll(/\bcap:([^,\s]+)/g)].map((match) => {
    const name = match[1] ?? "";
    const from = match.index + "cap:".length;
    return { member, name, span: to.locate(from, from + name.length), whole: false };
  });
}

/** Reports capabilities of one file that are nearly what others ask for. */
export function checkCapabilities({ members, reportOf, known }: Group): void {
  // Where agents are known, what they have is what counts.
  if (known && known.agents.length > 0) return;
  const places = new Map<string, CapabilityPlace[]>();
  for (const member of members)
    for (const place of listCapabilities(member)) places.set(place.name, [...(places.get(place.name) ?? []), place]);
  const filesOf = (name: string): number => new Set((places.get(name) ?? []).map(({ member }) => member)).size;
  const index = indexNear(places.keys());
  for (const [name, own] of places) {
    if (filesOf(name) > 1) continue;
    const [meant] = index
      .find(name)
      .filter((other) => isRarer(name, other))
      .sort((a, b) => (places.get(b)?.length ?? 0) - (places.get(a)?.length ?? 0));
    const [first] = places.get(meant ?? "") ?? [];
    if (meant === undefined || !first) continue;
    const count = filesOf(meant);
    for (const { member, span, whole } of own)
      reportOf(member).add(
        "near-capability",
        span,
        `\`${name}\` stands only here; ${count === 1 ? nameSpan(first.member, first.span) : `${count} files`} ${count === 1 ? "asks" : "ask"} for \`${meant}\`.`,
        {
          hint: count === 1 ? `did you mean \`${meant}\`?` : `did you mean \`${meant}\`, as in ${nameSpan(first.member, first.span)}?`,
          fix: whole ? { title: `Write \`${meant}\``, span, text: meant } : undefined,
        },
      );
  }

  /** Of two that stand in one file each, the later one: within one file both may be meant. */
  function isRarer(name: string, other: string): boolean {
    const [mine, theirs] = [places.get(name) ?? [], places.get(other) ?? []];
    if (filesOf(other) > 1) return true;
    const [own, first] = [mine[0], theirs[0]];
    if (!own || !first || own.member === first.member) return false;
    return theirs.length > mine.length || (theirs.length === mine.length && members.indexOf(first.member) < members.indexOf(own.member));
  }
}
