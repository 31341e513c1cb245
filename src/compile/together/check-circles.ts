/** Work without an end that leads through several files: workflows that always spawn one another, and events that come back. */
import { findSureSpawns, isAnswered, type Reaction, readEmits, readReactions, type Source } from "../check/check-endless.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import { findText } from "../source/node.ts";
import { listSpawns } from "./check-names.ts";
import { findCircles } from "./find-circles.ts";
import { type Group, type Member, nameSpan } from "./member.ts";

/** Reports circles through several files; those within one are its own to tell. */
export function checkCircles(group: Group): void {
  checkSpawns(group);
  checkEvents(group);
}

function checkSpawns({ members, byName, reportOf }: Group): void {
  const sure = new Map<Member, { to: Member; places: TextNode[] }[]>(
    members.map((member) => {
      const names = new Set(listSpawns(member).map(({ workflow }) => workflow.value));
      const { outline } = member;
      const found = [...names].flatMap((name) => {
        const [to] = byName.get(name) ?? [];
        const places = to && to !== member && outline ? findSureSpawns(outline, name) : [];
        return to && places.length > 0 ? [{ to, places }] : [];
      });
      return [member, found];
    }),
  );
  const circleOf = findCircles(members, (member) => (sure.get(member) ?? []).map(({ to }) => to));
  for (const [member, found] of sure)
    for (const { to, places } of found) {
      if (circleOf.get(member) !== circleOf.get(to)) continue;
      for (const place of places)
        reportOf(member).add(
          "endless-spawns",
          place.span,
          `Every thread of \`${member.name?.value}\` spawns one of \`${to.name?.value}\`, and that leads to one of \`${member.name?.value}\` again, without an end.`,
          {
            hint: `let a way of one of them lead to \`$END\` that spawns none; \`${to.name?.value}\` is ${nameSpan(to, to.name?.span ?? place.span)}`,
          },
        );
    }
}

/** What emits, and what it emits. */
interface Emitter {
  member: Member;
  emits: { node: SourceNode; kind: TextNode; to: Set<Emitter> }[];
}

function checkEvents({ members, reportOf }: Group): void {
  const emitters: Emitter[] = [];
  const exact = new Map<string, { reaction: Reaction; leads: Emitter }[]>();
  const prefixes: { reaction: Reaction; leads: Emitter }[] = [];
  for (const member of members) {
    if (!member.outline) continue;
    const reactions = readReactions(member.outline);
    const own = new Map<Source, Emitter>();
    for (const [source, list] of readEmits(member.outline, reactions)) {
      const emitter: Emitter = {
        member,
        emits: list.flatMap((node) => {
          const kind = findText(node, "kind");
          return kind ? [{ node, kind, to: new Set<Emitter>() }] : [];
        }),
      };
      own.set(source, emitter);
      emitters.push(emitter);
    }
    for (const reaction of reactions) {
      const leads = own.get(reaction.to);
      if (!leads) continue;
      for (const pattern of reaction.on) {
        const entry = { reaction, leads };
        if (pattern.endsWith("*")) prefixes.push(entry);
        else exact.set(pattern, [...(exact.get(pattern) ?? []), entry]);
      }
    }
  }
  for (const { emits } of emitters)
    for (const { node, kind, to } of emits)
      for (const { reaction, leads } of [...(exact.get(kind.value) ?? []), ...prefixes]) if (isAnswered(node, reaction)) to.add(leads);
  const circleOf = findCircles(emitters, ({ emits }) => emits.flatMap(({ to }) => [...to]));
  for (const emitter of emitters)
    for (const { kind, to } of emitter.emits) {
      const back = [...to].filter((next) => circleOf.get(next) === circleOf.get(emitter));
      const [through] = back;
      if (!through || back.some(({ member }) => member === emitter.member)) continue;
      reportOf(emitter.member).add(
        "endless-events",
        kind.span,
        `\`${kind.value}\` leads back to \`${emitter.member.name?.value}\` through \`${through.member.name?.value}\`, which answers it.`,
        {
          hint: `emit another kind, or tell the two apart by \`when\`; the chain is cut off 16 deep. \`${through.member.name?.value}\` is ${nameSpan(through.member, through.member.name?.span ?? kind.span)}`,
        },
      );
    }
}
