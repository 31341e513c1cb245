/** The picture of a machine's config: every state, every transition that leads to another state. Knows no vocabulary. */
import type { MachineConfigJson, NamedJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import { groupBy } from "./group-by.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture.ts";
import { readTransitions, resolveTarget } from "./read-transitions.ts";
import { writeDuration } from "./write-duration.ts";

/** What a picture of a machine shows. */
export interface MachinePictureOptions {
  title: string;
  lines: string[];
  /** Also what is done: actions on the arrows, what is done on entry, and events that change no state. */
  detail: boolean;
}

/** A state with its place: the names from the root on. */
interface Place {
  path: string[];
  state: StateJson;
}

const isWaiting = (state: StateJson): boolean => state.tags?.includes("waits-for-person") ?? false;

function toId(path: string[]): string {
  return path.join(".");
}

/** Draws a machine. */
export function createMachinePicture(config: MachineConfigJson, { title, lines, detail }: MachinePictureOptions): Picture {
  const find = (path: string[]): StateJson | undefined =>
    path.reduce<StateJson | undefined>((state, name) => state?.states?.[name], config);
  const edges: PictureEdge[] = [];

  const drawState = ({ path, state }: Place): PictureNode => {
    const id = toId(path);
    const name = path.at(-1) ?? "";
    const own: string[] = state.description === undefined ? [] : [writeDurations(state.description)];
    if (detail) own.push(...describeDoings(state));
    for (const { event, transition, kind } of readTransitions(state)) {
      const target = transition.target === undefined ? undefined : resolveTarget(path, transition.target, config.id);
      const done = (transition.actions ?? []).map(({ type }) => type).filter((type) => type !== "ignore");
      if (!target) {
        if (detail && done.length > 0) own.push(`${event} / ${done.join(", ")}`);
        continue;
      }
      if (target.length > path.length && path.every((part, index) => target[index] === part)) {
        own.push(`${event} \u2192 ${target.slice(path.length).join(".")}`);
        continue;
      }
      const label = describeTransition(transition, event, detail ? done : []);
      edges.push({ from: id, to: toId(enterFromInside(path, target)), kind, ...label });
    }
    const children = Object.entries(state.states ?? {}).map(([child, inner]) => drawState({ path: [...path, child], state: inner }));
    if (children.length === 0)
      return { id, kind: chooseKind(name, state, path), title: name === "$resume" ? "where it was" : name, lines: [...new Set(own)] };
    if (state.initial !== undefined) {
      children.unshift({ id: `${id}.`, kind: "initial", title: "", lines: [] });
      edges.push({ from: `${id}.`, to: toId([...path, state.initial]), kind: "event", title: "", lines: [] });
    }
    return {
      id,
      kind: "compound",
      title: name,
      lines: [...new Set(own)],
      children,
      ...(state.type === "parallel" ? { parallel: true } : {}),
    };
  };

  /** Who leads from inside a state to that state itself enters it anew: drawn to where that begins. */
  const enterFromInside = (from: string[], target: string[]): string[] => {
    let place = target;
    const isInside = target.length < from.length && target.every((part, index) => from[index] === part);
    for (let state = find(place); isInside && state?.initial !== undefined; state = find(place)) place = [...place, state.initial];
    return place;
  };

  const nodes = Object.entries(config.states).map(([name, state]) => drawState({ path: [name], state }));
  return { title, lines, nodes, edges: mergeEdges(liftOutOfRegions(edges, config)), notes: describeRoot(config, detail) };
}

function chooseKind(name: string, state: StateJson, path: string[]): PictureNode["kind"] {
  if (name === "created" && path.length === 1) return "start";
  if (state.type === "final") return name === "failed" ? "failed" : "end";
  return isWaiting(state) ? "suspended" : "state";
}

function writeDurations(text: string): string {
  return text.replaceAll(/\b(\d+) ms\b/g, (_, milliseconds: string) => writeDuration(Number(milliseconds)));
}

function writeNamed({ type, params }: NamedJson): string {
  const values = Object.values(params ?? {}).filter((value) => typeof value !== "object");
  return values.length === 0 ? type : `${type} ${values.map(String).join(" ")}`;
}

function describeTransition({ guard, description }: TransitionJson, event: string, done: string[]): { title: string; lines: string[] } {
  const author = guard?.type === "chose" && description !== undefined;
  const why = author ? [] : description !== undefined ? [writeDurations(description)] : guard ? [`[${writeNamed(guard)}]`] : [];
  return { title: author ? description : event, lines: [...why, ...(done.length > 0 ? [`/ ${done.join(", ")}`] : [])] };
}

function describeDoings({ entry, exit, invoke }: StateJson): string[] {
  return [
    ...(entry ? [`entry / ${entry.map(({ type }) => type).join(", ")}`] : []),
    ...(exit ? [`exit / ${exit.map(({ type }) => type).join(", ")}`] : []),
    ...(invoke ? [`runs ${invoke.src}`] : []),
  ];
}

function describeRoot(config: MachineConfigJson, detail: boolean): string[] {
  if (!detail) return [];
  const names = Object.keys(config.on ?? {});
  return names.length === 0 ? [] : [`In every state: ${names.join(", ")}.`];
}

/** Regions stand each for itself: an edge that leaves one is drawn from the state that holds them all. */
function liftOutOfRegions(edges: PictureEdge[], config: MachineConfigJson): PictureEdge[] {
  const holders = Object.entries(config.states).flatMap(([name, state]) => (state.type === "parallel" ? [name] : []));
  return edges.map((edge) => {
    const holder = holders.find((name) => edge.from.startsWith(`${name}.`) && !edge.to.startsWith(`${name}.`));
    if (holder === undefined) return edge;
    return { ...edge, from: holder };
  });
}

/** One arrow for all transitions of a sort between the same two states, but for those that the author wrote. */
function mergeEdges(edges: PictureEdge[]): PictureEdge[] {
  const groups = groupBy(edges, ({ from, to, kind, title }) =>
    [from, to, kind, kind === "author" || kind === "status" ? title : ""].join("\n"),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    if (group.length === 1) return [first];
    const lines = group.flatMap(({ title, lines: [detail, ...rest] }) => [[title, detail].filter((part) => part).join(": "), ...rest]);
    return [{ ...first, title: "", lines: [...new Set(lines)] }];
  });
}
