/** Walks every world that can be reached, up to what no guard tells apart, and keeps the way to each. */
import { listMoves, look } from "./moves.ts";
import type { Model, Move, World } from "./world.ts";

/** A world that was reached. */
export interface Visit {
  world: World;
  /** The visit it was reached from, and how. */
  from: number;
  label: string;
  moves: { to: number; by: Move["by"]; label: string }[];
}

/** Facts that no guard reads, or that only grow. */
const unread = new Set([
  "reason",
  "why",
  "was",
  "attempt",
  "offers",
  "offer",
  "decision",
  "resumed",
  "outcome",
  "output",
  "actorId",
  "timeout",
  "retryable",
]);

/** Counters, and from where on no guard tells their values apart (where one does, a policy's last resort is left out). */
const clamped: Record<string, number> = { retries: 2, round: 4, turn: 4, tries: 2 };

/** What tells an actor's snapshot or a message apart. Worlds share most of theirs, so each is read once. */
interface Outline {
  /** A number for its text without generations. */
  shape: number;
  /** In the order of the text. */
  generations: number[];
}

const outlines = new WeakMap<object, Outline>();
const shapes = new Map<string, number>();

function outline(part: object): Outline {
  const found = outlines.get(part);
  if (found) return found;
  const strip = (key: string, value: unknown): unknown => {
    if (unread.has(key)) return undefined;
    const most = clamped[key];
    return most !== undefined && typeof value === "number" ? Math.min(value, most) : value;
  };
  const generations: number[] = [];
  const text = JSON.stringify(part, strip).replaceAll(/"generation":(\d+)/g, (_, number: string) => {
    generations.push(Number(number));
    return '"generation":';
  });
  const shape = shapes.get(text) ?? shapes.size;
  shapes.set(text, shape);
  outlines.set(part, { shape, generations });
  return { shape, generations };
}

/** What tells worlds apart. Of generations only their order matters. */
export function keyWorld({ recruitment, task, toTask, toRecruitment, budget }: World): string {
  const parts = [recruitment.stored, task?.stored ?? {}, ...toTask, ...toRecruitment].map((part) => outline(part as object));
  const generations = parts.flatMap((part) => part.generations);
  const ranked = [...new Set(generations)].sort((a, b) => a - b);
  return [
    parts.map(({ shape }) => shape),
    toTask.length,
    generations.map((generation) => ranked.indexOf(generation)),
    [budget.presence, budget.person, budget.faults],
    Object.keys(recruitment.timers).sort(),
    Object.keys(task?.timers ?? {}).sort(),
  ].join("|");
}

/** Reaches every world, or throws at more than `limit`. */
export function explore(model: Model, first: World, limit: number): Visit[] {
  const visits: Visit[] = [{ world: first, from: -1, label: "begins", moves: [] }];
  const known = new Map<string, number>([[keyWorld(first), 0]]);
  for (let at = 0; at < visits.length; at++) {
    const visit = visits[at] as Visit;
    let moves: Move[];
    try {
      moves = listMoves(model, visit.world);
    } catch (error) {
      throw new Error(`${String(error)}\n${tellWay(visits, at)}`, { cause: error });
    }
    for (const { world, label, by } of moves) {
      const key = keyWorld(world);
      let to = known.get(key);
      if (to === undefined) {
        to = visits.length;
        if (to >= limit) throw new Error(`more than ${limit} worlds`);
        known.set(key, to);
        visits.push({ world, from: at, label, moves: [] });
      }
      visit.moves.push({ to, by, label });
    }
  }
  return visits;
}

/** How a world was reached, a move per line. */
export function tellWay(visits: Visit[], at: number): string {
  const way: string[] = [];
  for (let visit = visits[at]; visit; visit = visits[visit.from]) way.unshift(visit.label);
  return way.join("\n  ");
}

/** Worlds from which no end can be reached, though people resume what waits for them and agents do their work. */
export function findStuck(model: Model, visits: Visit[]): number[] {
  const into: number[][] = visits.map(() => []);
  for (const [from, { moves }] of visits.entries())
    for (const { to, by, label } of moves) if (by !== "person" || label.endsWith("thread.resume")) into[to]?.push(from);
  const free = new Set<number>();
  const queue: number[] = [];
  for (const [at, { world }] of visits.entries())
    if (look(model, world).recruitment.status === "done") {
      free.add(at);
      queue.push(at);
    }
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (const from of into[at] ?? [])
      if (!free.has(from)) {
        free.add(from);
        queue.push(from);
      }
  return [...visits.keys()].filter((at) => !free.has(at));
}
