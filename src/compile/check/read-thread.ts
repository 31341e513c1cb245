/** Reads what conditions depend on of a file's roles: what they answer, and what of the engine's statuses reaches a graph of conditions. */
import type { EngineStatus } from "../../contract/language.ts";
import { defaults } from "../defaults.ts";
import type { Player, Thread } from "../reach/thread-scenes.ts";
import { findText, findValue, listItems } from "../source/node.ts";
import type { Meaning } from "./meaning.ts";
import type { GraphNodeOutline, Outline, RoleOutline } from "./outline.ts";

/** Whether an edge of the node waits for children. */
export function awaits(node: GraphNodeOutline | undefined): boolean {
  return (node?.edges ?? []).some((edge) =>
    listItems(edge.node, "spawn").some((spawn) => {
      const wait = findValue(spawn, "await");
      return wait?.kind === "map" || (wait?.kind === "scalar" && wait.value === true);
    }),
  );
}

/** Whose answers a broadcast waits for. */
export function readNeed(role: RoleOutline): string | number {
  const need = findValue(findValue(findValue(role.node, "broadcast"), "ack"), "need");
  return need?.kind === "scalar" && (typeof need.value === "string" || typeof need.value === "number") ? need.value : "all";
}

/** Reads a thread's roles. */
export function readThread(outline: Outline, meaning: Meaning): Thread {
  const rounds = findValue(outline.root, "max_rounds", "maxRounds");
  const players = [...outline.roles.values()].map((role): [string, Player] => {
    const { name, type } = role;
    const isBroadcast = type === "broadcast";
    return [name, { name, isBroadcast, answer: meaning.answerOf(name), given: listGiven(role, outline), need: readNeed(role) }];
  });
  return {
    players: new Map(players),
    input: meaning.input,
    maxRounds: rounds?.kind === "scalar" && typeof rounds.value === "number" ? rounds.value : defaults.maxRounds,
  };
}

/** Of the engine's statuses those that reach a graph of conditions: what the role's policy forfeits, and a broadcast that was answered. */
function listGiven(role: RoleOutline, outline: Outline): EngineStatus[] {
  const turn = findValue(role.node, "turn");
  const forfeits = (field: string): boolean => findText(turn, field)?.value === "forfeit";
  if (role.type !== "broadcast") {
    const given: [boolean, EngineStatus][] = [
      [forfeits("on_timeout"), "$TIMEOUT"],
      [forfeits("on_fail"), "$FAILED"],
    ];
    return given.flatMap(([reaches, status]) => (reaches ? [status] : []));
  }
  const fails = forfeits("on_fail") && awaits(outline.nodes.find(({ name }) => name === role.name));
  return [
    "$ACKED",
    ...(forfeits("on_timeout") && readNeed(role) !== "none" ? ["$PARTIAL" as const] : []),
    ...(fails ? ["$FAILED" as const] : []),
  ];
}
