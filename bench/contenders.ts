/** Who plays in a run: the product in each of its shapes, the bare ceiling, and the engines of others. */
import { type Placement, placements } from "../src/contract/placement.ts";
import { isPeer, peerNames, peers } from "./peers/peers.ts";
import type { Roles } from "./review/call-operator.ts";
import type { Engine } from "./server-process.ts";
import { UsageError } from "./usage-error.ts";

/** A server of its own. Of what is not the product, the reviewer is always named. */
export interface Contender {
  engine: Engine;
  roles: Roles;
  /** The product's alone. */
  placement?: Placement;
  /** Turns of a review, where it has not ten. The product's alone. */
  length?: number;
}

/** What the command line says of who plays, as it was written; absent: not said. */
interface Choice {
  only?: string | undefined;
  roles?: string | undefined;
  placement?: string | undefined;
  turns?: string | undefined;
  peers: boolean;
}

/** @throws where a choice names what there is not */
export function listContenders({ only, roles, placement, turns, peers: withPeers }: Choice): Contender[] {
  const engines = chooseOf("--only", only, ["nerveflare", "bare", ...peerNames]);
  // The peers have no recruitment: their work is that of a named reviewer.
  const chosenRoles = chooseOf("--roles", roles ?? (withPeers ? "named" : undefined), ["recruited", "named"]);
  const chosenPlacements = choosePlacements(placement);
  const length = turns === undefined ? {} : { length: readTurns(turns) };
  const all: Contender[] = [
    ...chosenPlacements.flatMap((each) =>
      chosenRoles.map((role): Contender => ({ engine: "nerveflare", roles: role, placement: each, ...length })),
    ),
    { engine: "bare", roles: "named" },
    ...peerNames.map((engine): Contender => ({ engine, roles: "named" })),
  ];
  return all.filter(({ engine }) => engines.includes(engine) && (withPeers || only !== undefined || !isPeer(engine)));
}

/** @param text as in `own,cell`; absent: all that there are */
export function choosePlacements(text: string | undefined): Placement[] {
  return chooseOf("--placement", text, placements);
}

/** @throws where the author and the reviewer would not have as many each */
function readTurns(text: string): number {
  const turns = Number(text);
  if (!(turns > 0 && turns % 2 === 0)) throw new UsageError(`--turns takes an even number above zero, not "${text}"`);
  return turns;
}

/** What a contender is called. */
export function nameContender({ engine, roles, placement, length }: Contender): string {
  if (isPeer(engine)) return peers[engine].title;
  return [
    engine,
    placement !== undefined && placement !== "own" && ` ${placement}`,
    engine === "nerveflare" && roles === "named" && ", named",
    length !== undefined && `, ${length} turns each`,
  ]
    .filter((part) => part !== false)
    .join("");
}

/** The variables of a server whose actors live there. */
export function listVariables(placement: Placement | undefined): Record<string, string> {
  return placement === undefined ? {} : { NERVEFLARE_PLACEMENT: placement };
}

function chooseOf<Name extends string>(option: string, text: string | undefined, names: readonly Name[]): Name[] {
  if (text === undefined) return [...names];
  return text.split(",").map((word) => {
    const name = names.find((each) => each === word.trim());
    if (name === undefined)
      throw new UsageError(`${option} takes ${names.join(", ")}, one or more with commas between them, not "${text}"`);
    return name;
  });
}
