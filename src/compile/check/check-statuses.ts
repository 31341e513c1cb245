/** Checks status-form nodes: that a role's edges are the statuses of its schema, and the engine's own in their places. */

import { engineStatuses, isEngineStatus, startKeys, wordsOf } from "../../contract/language.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import type { ScalarNode } from "../source/node.ts";
import { findEntry, findText, findValue, isText, listEntries, listItems, writeText } from "../source/node.ts";
import type { EdgeOutline, GraphNodeOutline, Outline, RoleOutline } from "./outline.ts";
import { awaits, readNeed } from "./read-thread.ts";
import { gatherParts, readRoleSchema } from "./role-schema.ts";

/** Reports where statuses and edges do not meet. */
export function checkStatuses(outline: Outline, report: Report): void {
  for (const node of outline.nodes) {
    if (node.value.kind !== "map") continue;
    if (node.name === "$START") checkStart(node, report);
    else {
      const role = outline.roles.get(node.name);
      checkEngineEdges(node, role, report);
      if (role) checkOwnEdges(node, role, report);
    }
  }
  for (const role of outline.roles.values()) checkForfeit(role, outline, report);
}

function checkStart(node: GraphNodeOutline, report: Report): void {
  const keys = node.edges.map((edge) => edge.id);
  for (const edge of node.edges) {
    const { key } = edge;
    if (key === undefined || Object.hasOwn(startKeys, edge.id) || edge.id === "_") continue;
    const nearest = findNearestName(
      edge.id,
      wordsOf(startKeys).filter((name) => !keys.includes(name)),
    );
    report.add("unknown-start-status", key.span, `\`$START\` has no \`${edge.id}\`.`, {
      hint: nearest === undefined ? "`new` starts a thread, `resume` continues an ended one" : `did you mean \`${nearest}\`?`,
      ...(nearest === undefined ? {} : { fix: { title: `Write \`${nearest}\``, span: key.span, text: writeText(nearest) } }),
    });
    if (nearest !== undefined) keys.push(nearest);
  }
  if (keys.length > 0 && !keys.includes("new") && !keys.includes("_") && keys.every((name) => name === "resume")) {
    report.add("start-missing", node.key.span, "`$START` has no `new`, so no thread can start.", {
      hint: "`new:` says which role comes first",
    });
  }
  const unit = node.edges.find((edge) => edge.id === "_");
  if (unit?.key && keys.includes("new"))
    report.add("unit-status-not-alone", unit.key.span, "`_` is the older word for `new`; both stand here.");
}

function checkEngineEdges(node: GraphNodeOutline, role: RoleOutline | undefined, report: Report): void {
  for (const edge of node.edges) {
    const { key, id } = edge;
    if (key === undefined) continue;
    if (id.length > compileLimits.statusLength)
      report.add("too-many", key.span, `A status has at most ${compileLimits.statusLength} characters.`);
    if (!id.startsWith("$")) continue;
    if (id === "$SUSPEND") {
      report.add(
        "misplaced-engine-status",
        key.span,
        "`$SUSPEND` needs no edge: a role that answers with it suspends the thread, and resuming gives it the turn again.",
        { hint: "leave the edge out" },
      );
    } else if (!isEngineStatus(id)) {
      const nearest = findNearestName(id, Object.keys(engineStatuses));
      report.add("unknown-engine-status", key.span, `\`${id}\` is no status of the engine.`, {
        hint: nearest === undefined ? `they are ${Object.keys(engineStatuses).join(", ")}` : `did you mean \`${nearest}\`?`,
        ...(nearest === undefined ? {} : { fix: { title: `Write \`${nearest}\``, span: key.span, text: writeText(nearest) } }),
      });
    } else if (engineStatuses[id].to === "broadcast" && role && role.type !== "broadcast") {
      report.add("misplaced-engine-status", key.span, `\`${id}\` is given to broadcast roles; \`${role.name}\` is ${role.type}.`);
    } else if (id === "$MAX_ROUNDS" && edge.target && edge.target.value !== "$END") {
      report.add("misplaced-engine-status", edge.target.span, "`$MAX_ROUNDS` must lead to `$END`: no turn is left.", {
        fix: { title: "Write `$END`", span: edge.target.span, text: "$END" },
      });
    }
  }
}

function checkOwnEdges(node: GraphNodeOutline, role: RoleOutline, report: Report): void {
  const own = node.edges.filter((edge) => edge.key && !edge.id.startsWith("$"));
  if (role.type === "broadcast") {
    const taken = new Set(node.edges.map((edge) => edge.id));
    for (const edge of own) {
      const nearest = edge.id.toLowerCase().startsWith("part") ? "$PARTIAL" : findNearestName(edge.id, ["$ACKED", "$PARTIAL"]);
      if (edge.key)
        report.add("edge-without-status", edge.key.span, `A broadcast role's statuses are the engine's; \`${edge.id}\` is never given.`, {
          hint: nearest === undefined ? "`$ACKED`, `$PARTIAL`" : `did you mean \`${nearest}\`?`,
          ...(nearest === undefined || taken.has(nearest)
            ? {}
            : { fix: { title: `Write \`${nearest}\``, span: edge.key.span, text: writeText(nearest) } }),
        });
      if (nearest !== undefined) taken.add(nearest);
    }
    if (!node.edges.some((edge) => edge.id === "$ACKED") && own.length === 0)
      report.add("status-without-edge", node.key.span, `The broadcast role \`${role.name}\` has no edge \`$ACKED\`.`, {
        hint: "`$ACKED` is given when enough agents have answered",
      });
    return;
  }
  const unit = own.find((edge) => edge.id === "_");
  if (unit?.key && own.length > 1) {
    report.add("unit-status-not-alone", unit.key.span, "`_` stands for the only way on; here are others beside it.");
    return;
  }
  if (role.schema === undefined) {
    const first = own.find((edge) => edge.id !== "_");
    if (first?.key)
      report.add(
        "schema-missing",
        node.key.span,
        `The role \`${role.name}\` has edges by status, and no \`frontmatter\` that says which statuses there are.`,
      );
    return;
  }
  checkAgainstSchema(node, role, own, report);
}

function checkAgainstSchema(node: GraphNodeOutline, role: RoleOutline, own: EdgeOutline[], report: Report): void {
  if (role.schema === undefined) return;
  const schema = readRoleSchema(role.schema);
  const unit = own.length === 1 && own[0]?.id === "_";
  if (schema.statusKey === undefined || schema.statuses.length === 0) {
    const open = schema.branches.some((branch) => branch.parts.every((part) => part.kind !== "map"));
    if (!unit && own.length > 0 && !open) {
      addNoStatus(node, role, own, report);
    }
    return;
  }
  const told = addNotText(role, own, report);
  // An edge of another shape was told as that.
  const written = new Set(listEntries(node.value).map(({ key }) => key));
  const given = new Set(schema.statuses.map((named) => named.status));
  // `$SUSPEND` acts by itself, and what else begins with `$` is told apart.
  const missing = schema.statuses.filter((named) => !written.has(named.status) && !named.status.startsWith("$"));
  for (const { status, node: at } of schema.statuses) {
    if (isEngineStatus(status)) addEnginesOwn(at, status, report);
    else if (status.startsWith("$") && status !== "$SUSPEND")
      report.add("unknown-engine-status", at.span, `Statuses that begin with \`$\` are the engine's own, and there is no \`${status}\`.`);
  }
  if (unit && !given.has("_")) {
    // The single key takes whatever comes, as long as nothing else could.
    if (given.size > 1) for (const named of missing) addMissing(named.node, named.status, node, role, report);
    return;
  }
  const explained = new Set<string>();
  for (const edge of own) {
    if (given.has(edge.id) || edge.key === undefined || told.has(edge.id)) continue;
    const nearest = findNearestName(
      edge.id,
      missing.map((named) => named.status).filter((status) => !explained.has(status)),
    );
    if (nearest !== undefined) explained.add(nearest);
    const nearNode = missing.find((named) => named.status === nearest)?.node;
    report.add("edge-without-status", edge.key.span, `The schema of \`${role.name}\` never gives the status \`${edge.id}\`.`, {
      hint: nearest === undefined ? `it gives ${[...given].map((status) => `\`${status}\``).join(", ")}` : `did you mean \`${nearest}\`?`,
      related: nearNode ? [{ span: nearNode.span, message: "the schema has this one" }] : [],
      ...(nearest === undefined ? {} : { fix: { title: `Write \`${nearest}\``, span: edge.key.span, text: writeText(nearest) } }),
    });
  }
  for (const named of missing) if (!explained.has(named.status)) addMissing(named.node, named.status, node, role, report);
  if (schema.incomplete) {
    report.add(
      "status-missing-in-schema",
      role.key.span,
      `Some answers that the schema of \`${role.name}\` allows have no constant \`${schema.statusKey}\`.`,
      { hint: "give every branch of `oneOf` its own constant" },
    );
  }
}

/** A schema without constants that are text: points at them, at `$status`, or at the schema. */
function addNoStatus(node: GraphNodeOutline, role: RoleOutline, own: EdgeOutline[], report: Report): void {
  const property = findEntry(findValue(role.schema, "properties"), "$status");
  const given = findEntry(property?.value, "enum") ?? findEntry(property?.value, "const");
  // What is no schema was told as such, and a list of nothing too.
  if (property && property.value.kind !== "map") return;
  if (given?.value.kind === "list" && given.value.items.length === 0) return;
  const values = given?.value.kind === "list" ? given.value.items : given ? [given.value] : [];
  const [only, ...others] = values;
  if (
    given?.key === "const" &&
    given.value.kind === "list" &&
    isText(only) &&
    others.length === 0 &&
    own.some(({ id }) => id === only.value)
  ) {
    const text = writeText(only.value);
    report.add("status-missing-in-schema", given.keyNode.span, `The status of \`${role.name}\` is a list, and no text.`, {
      hint: `write \`const: ${text}\``,
      fix: { title: `Write \`${text}\``, span: given.value.span, text },
    });
    return;
  }
  const related = [{ span: node.key.span, message: "the edges are here" }];
  // Of more branches than are looked at the statuses are not known.
  if (values.length > 0 && values.every(isText)) return;
  if (given && values.length > 0 && values.every((item) => item.kind === "scalar" && item.value !== null)) {
    const names = values.map((item) => (item.kind === "scalar" ? (item.written ?? String(item.value)) : ""));
    const texts = names.map((name) => JSON.stringify(name)).join(", ");
    const text = given.value.kind === "list" ? `[${texts}]` : texts;
    // A list of lines, whose span ends on a line of its own, is left to the author.
    const flow = given.value.kind === "scalar" || given.value.span.start < (values[0]?.span.start ?? 0);
    report.add("status-missing-in-schema", given.keyNode.span, `The statuses of \`${role.name}\` are not text.`, {
      hint: `put them in quotes: \`${given.key}: ${text}\``,
      related,
      ...(flow ? { fix: { title: "Put them in quotes", span: given.value.span, text } } : {}),
    });
    return;
  }
  const schema = findEntry(role.node, "frontmatter") ?? findEntry(role.node, "meta") ?? findEntry(role.node, "outputSchema");
  const span = (property ?? schema)?.keyNode.span ?? role.key.span;
  report.add("status-missing-in-schema", span, `The schema of \`${role.name}\` gives no \`$status\`, and its node has edges by status.`, {
    hint: `\`$status: { enum: [${own.map((edge) => edge.id).join(", ")}] }\` under \`properties\``,
    related,
  });
}

/** Of several statuses those that are no text, as `true`: tells the statuses that they would be in quotes. */
function addNotText(role: RoleOutline, own: readonly EdgeOutline[], report: Report): ReadonlySet<string> {
  const parts = gatherParts(role.schema, role.schema ?? role.node);
  const values = parts.flatMap((part) => listItems(findValue(findValue(part, "properties"), "$status"), "enum"));
  const told = new Set<string>();
  for (const value of values) {
    if (value.kind !== "scalar" || typeof value.value === "string") continue;
    const text = value.written ?? String(value.value);
    const quoted = JSON.stringify(text);
    const isEdge = own.some(({ id }) => id === text);
    if (isEdge) told.add(text);
    report.add("status-missing-in-schema", value.span, `The status \`${text}\` of \`${role.name}\` is not text.`, {
      hint: isEdge ? `put it in quotes: \`${quoted}\`` : "statuses are text: leave it out, or write the name of an edge",
      ...(isEdge && { fix: { title: `Write \`${quoted}\``, span: value.span, text: quoted } }),
    });
  }
  return told;
}

function addEnginesOwn(node: ScalarNode, status: string, report: Report): void {
  report.add("misplaced-engine-status", node.span, `\`${status}\` is the engine's to give; an agent can not answer with it.`);
}

function addMissing(status: ScalarNode, name: string, node: GraphNodeOutline, role: RoleOutline, report: Report): void {
  report.add("status-without-edge", status.span, `The role \`${role.name}\` may answer \`${name}\`, for which its node has no edge.`, {
    hint: `add \`${name}: { role: …, prompt: … }\` under \`${role.name}:\` in the graph`,
    related: [{ span: node.key.span, message: "the node is here" }],
  });
}

/** In status form `forfeit` hands a status to the graph that must have an edge for it. */
function checkForfeit(role: RoleOutline, outline: Outline, report: Report): void {
  const node = outline.nodes.find((candidate) => candidate.name === role.name);
  if (node?.value.kind !== "map") return;
  const turn = findValue(role.node, "turn");
  const broadcast = role.type === "broadcast";
  for (const [field, status, given] of [
    ["on_timeout", broadcast ? "$PARTIAL" : "$TIMEOUT", !broadcast || readNeed(role) !== "none"],
    // What fails of a broadcast are the children that it awaits.
    ["on_fail", "$FAILED", !broadcast || awaits(node)],
  ] as const) {
    if (!given) continue;
    const policy = findText(turn, field);
    if (policy?.value !== "forfeit" || node.edges.some((edge) => edge.id === status)) continue;
    report.add(
      "forfeit-without-edge",
      policy.span,
      `\`forfeit\` hands \`${status}\` to the graph, and the node \`${role.name}\` has no edge for it.`,
      {
        hint: `add \`${status}: { role: …, prompt: … }\` under \`${role.name}:\` in the graph`,
        related: [{ span: node.key.span, message: "the node is here" }],
      },
    );
  }
}
