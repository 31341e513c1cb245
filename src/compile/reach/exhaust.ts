/** Tries conditions over all values that may stand in them: which can never hold when they are tried, in their order. */
import { type Cell, type Domain, listCells } from "./domain.ts";
import { distinguish, type Formula, type Variable } from "./formula.ts";

/** What may stand at a variable, in one of the ways that things may have come to it. */
export type Scene = (variable: Variable) => Domain;

/** What conditions are tried over. */
export interface Stage {
  scenes: readonly Scene[];
  /** A name for the variable's value: the same for what is the same value here. */
  nameValue(variable: Variable): string;
}

/** Why a condition never holds when it is tried. */
export type Dead =
  /** It never does, whatever was tried before. `why`: what it looks at that is so little. */
  | { kind: "never"; why?: string }
  /** One of those before it holds then; by their places. */
  | { kind: "behind"; by: number[] };

export interface Tried {
  /** By place; undefined: it may hold. */
  dead: (Dead | undefined)[];
  /** Whether one of them always holds. */
  isExhausted: boolean;
}

/** Rows of values that conditions are tried over together, at most: what costs more is tried one by one. */
const rowsAtMost = 1024;

/** What a file may cost yet: nodes of trees, each in each row. */
export interface Budget {
  nodes: number;
}

/** Some ten milliseconds. */
export const budgetOfFile = (): Budget => ({ nodes: 120_000 });

/**
 * Tries conditions in their order.
 * @param formulas undefined: a condition that is not understood
 */
export function tryConditions(formulas: readonly (Formula | undefined)[], stage: Stage, budget: Budget): Tried {
  if (budget.nodes <= 0 || formulas.every((formula) => formula === undefined))
    return { dead: formulas.map(() => undefined), isExhausted: false };
  const whole = judge(formulas, stage, budget);
  if (whole) return whole;
  // Too much together: each by itself, and those behind one that always holds.
  let always: number | undefined;
  const dead = formulas.map((formula, place): Dead | undefined => {
    if (always !== undefined) return { kind: "behind", by: [always] };
    const alone = formula && budget.nodes > 0 ? judge([formula], stage, budget) : undefined;
    if (alone?.isExhausted) always = place;
    return alone?.dead[0];
  });
  return { dead, isExhausted: always !== undefined };
}

/** A value that formulas read, under all their names for it. */
interface Slot extends Omit<Variable, "key" | "node"> {
  variable: Variable;
}

function judge(formulas: readonly (Formula | undefined)[], { scenes, nameValue }: Stage, budget: Budget): Tried | undefined {
  const slots: Slot[] = [];
  const byName = new Map<string, number>();
  const placed = formulas.map((formula) =>
    (formula?.variables ?? []).map((variable) => {
      const name = nameValue(variable);
      let place = byName.get(name);
      if (place === undefined) {
        place = slots.push({ variable, compared: new Set(), ordered: false, bare: false }) - 1;
        byName.set(name, place);
      }
      const slot = slots[place] as Slot;
      for (const constant of variable.compared) slot.compared.add(constant);
      slot.ordered ||= variable.ordered;
      slot.bare ||= variable.bare;
      return place;
    }),
  );
  const size = formulas.reduce((sum, formula) => sum + (formula?.size ?? 0), 0);
  const rows = makeRows(slots, scenes, size, budget);
  if (!rows) return undefined;
  // Nothing at all may stand somewhere: what led there is at fault.
  if (rows.length === 0) return { dead: formulas.map(() => undefined), isExhausted: false };
  const verdicts = formulas.map((formula, place) => {
    const own = placed[place] ?? [];
    return rows.map((row) => formula?.holds((variable) => row[own[variable] ?? 0]));
  });
  const explain = (place: number): string | undefined => {
    const own = (placed[place] ?? []).flatMap((each) => slots[each] ?? []);
    const explained = own.map(({ variable }) => scenes.map((scene) => scene(variable)));
    // Of several the one that finds nothing, if it does so in every way.
    const [domains] = own.length === 1 ? explained : explained.filter((each) => each.every(isAbsence));
    return domains?.map(({ why }) => why).find((why) => why !== undefined);
  };
  return sum(verdicts, explain);
}

function isAbsence({ scalars, lists, maps }: Domain): boolean {
  return scalars.size === 0 && !lists && !maps;
}

/** All combinations of values that may come; undefined where there are too many. */
function makeRows(slots: readonly Slot[], scenes: readonly Scene[], size: number, budget: Budget): Cell[][] | undefined {
  const rows: Cell[][] = [];
  for (const scene of scenes) {
    let count = 1;
    const choices: Cell[][] = [];
    for (const slot of slots) {
      const all = listCells(scene(slot.variable), [...slot.compared]);
      // To tell values apart costs as much as some nodes for each and each constant.
      budget.nodes -= all.length * (4 + slot.compared.size);
      const cells = distinguish(all, slot);
      choices.push(cells);
      count *= cells.length;
      if (rows.length + count > rowsAtMost || count * size > budget.nodes) return undefined;
    }
    budget.nodes -= count * size;
    for (let number = 0; number < count; number++) {
      let rest = number;
      rows.push(
        choices.map((cells) => {
          const cell = cells[rest % cells.length];
          rest = Math.floor(rest / cells.length);
          return cell;
        }),
      );
    }
  }
  return rows;
}

type Verdicts = readonly (readonly (boolean | undefined)[])[];

function sum(verdicts: Verdicts, explain: (place: number) => string | undefined): Tried {
  const held = new Set<number>();
  const dead = verdicts.map((verdict, place): Dead | undefined => {
    const may = verdict.flatMap((holds, row) => (holds === false ? [] : [row]));
    const isBehind = may.length > 0 && may.every((row) => held.has(row));
    for (const row of may) if (verdict[row] === true) held.add(row);
    if (may.length === 0) {
      const why = explain(place);
      return { kind: "never", ...(why === undefined ? {} : { why }) };
    }
    return isBehind ? { kind: "behind", by: listNeeded(verdicts.slice(0, place), may) } : undefined;
  });
  return { dead, isExhausted: verdicts[0] !== undefined && held.size === verdicts[0].length };
}

/** One of the earlier that holds in all rows, else those that hold in a row where none before them does. */
function listNeeded(before: Verdicts, may: readonly number[]): number[] {
  const alone = before.findIndex((other) => may.every((row) => other[row] === true));
  if (alone >= 0) return [alone];
  return [...new Set(may.map((row) => before.findIndex((other) => other[row] === true)))].sort((a, b) => a - b);
}
