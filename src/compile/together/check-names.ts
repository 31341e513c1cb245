/** Names of workflows: each is one file's, and what is spawned is some file's. */
import { findNearestName } from "../../contract/nearest-name.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import { findText, findValue, listItems } from "../source/node.ts";
import { type Group, type Member, nameSpan } from "./member.ts";

/** A child that an edge starts. */
export interface Spawn {
  node: SourceNode;
  workflow: TextNode;
  input: SourceNode | undefined;
}

/** The children that a file's threads start. */
export function listSpawns({ outline }: Member): Spawn[] {
  return (outline?.nodes ?? []).flatMap(({ edges }) =>
    edges.flatMap((edge) =>
      listItems(edge.node, "spawn").flatMap((node): Spawn[] => {
        const workflow = findText(node, "workflow");
        return workflow ? [{ node, workflow, input: findValue(node, "input") }] : [];
      }),
    ),
  );
}

/** Reports names that stand twice, and children of workflows that are not there. */
export function checkNames(group: Group): void {
  const { members, byName, reportOf, known } = group;
  for (const [name, [first, ...others]] of byName)
    for (const other of others)
      if (first && other.name && !other.silent)
        reportOf(other).add(
          "same-name",
          other.name.span,
          `${nameSpan(first, first.name?.span ?? other.name.span)} is the workflow \`${name}\` too.`,
          {
            hint: "give one of the two another name; of one name the registry has one workflow",
            // Local files are run by path, each in its place.
            severity: [first, other].every(({ outline }) => outline?.binding === "cloud") ? "error" : "warning",
          },
        );
  // Of a file whose name can't be read nobody knows that it is not the one.
  if (members.some(({ name }) => !name)) return;
  for (const member of members)
    for (const { workflow } of listSpawns(member)) {
      const name = workflow.value;
      // What is no name is told in the file itself.
      if (byName.has(name) || !/^[a-z\d-]+$/.test(name)) continue;
      const nearest = findNearestName(name, byName.keys());
      const where = known ? "No file here and no workflow of the server is" : "No file here is";
      reportOf(member).add("unknown-workflow", workflow.span, `${where} the workflow \`${name}\`.`, {
        hint: nearest === undefined ? "check it together with the file that is, or publish that first" : `did you mean \`${nearest}\`?`,
        fix: nearest === undefined ? undefined : { title: `Write \`${nearest}\``, span: workflow.span, text: nearest },
        ...(known && { severity: "error" as const }),
      });
    }
}
