/** Checks several files together, as their findings in a line each; and small workflows for that. */
import { checkTogether } from "../../../src/compile/together/check-together.ts";
import type { Known } from "../../../src/compile/together/known.ts";
import { readMember } from "../../../src/compile/together/member.ts";

export const nobody: Pick<Known, "agents" | "accepted"> = { agents: [], accepted: [] };

/** Checks texts by file name, and gives the findings of each as `code at`. */
export function check(texts: Record<string, string>, known?: Known, published: string[] = []) {
  const members = Object.entries(texts).map(([file, text]) => ({
    ...readMember(file, text).member,
    ...(published.includes(file) && { silent: true as const }),
  }));
  const found = checkTogether(members, known);
  return Object.fromEntries(
    Object.entries(texts).map(([file, text], index) => [
      file,
      (found[index] ?? []).map(({ code, name, severity, message, hint, fix, span }) => ({
        code,
        name,
        severity,
        message,
        hint,
        fix,
        at: text.slice(span.start, span.end),
      })),
    ]),
  );
}

/** Every finding as `file code at`. */
export function list(found: ReturnType<typeof check>): string[] {
  return Object.entries(found).flatMap(([file, each]) => each.map(({ code, at }) => `${file} ${code} ${at}`));
}

interface Parts {
  top?: string;
  role?: string;
  edge?: string;
  more?: string;
}

/** A workflow of one role with something added. */
export function workflow(name: string, { top = "", role = "", edge = "", more = "" }: Parts = {}): string {
  return `name: ${name}
description: One role.
binding: cloud
${top}
roles:
  worker: { goal: Work., ${role} frontmatter: { properties: { $status: { enum: [done, more] } } } }
graph:
  $START: { new: { role: worker, prompt: Work. } }
  worker:
    done: { role: $END, prompt: Done.${edge} }
    more: { role: worker, prompt: More.${more} }
`;
}
