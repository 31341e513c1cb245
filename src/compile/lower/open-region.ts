/** Lowers an open role to its region of recruitment: offered, held, lost, offered again. */
import type { NamedJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import type { LossPolicy, PickMode, UnfilledPolicy } from "../../contract/language.ts";
import type { HolderState, OpenRoleState } from "../../contract/statuses.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { describeRole } from "./named-region.ts";
import { hasStatusEdge, listStates, name } from "./names.ts";
import { collectsClaims, isPool, listBarred, listRecruitedAtStart, listSetApart, prefersLastHolder } from "./party.ts";
import { isHolderAwaited } from "./policies.ts";

/** Milliseconds that the last holder of a `sticky` role has before anybody may have it. */
const stickiness = 30_000;

/** Milliseconds of an offer that belong to the last holder. */
export function readLastHoldersWindow({ timeout }: RoleIr["recruitment"]): number {
  return Math.min(stickiness, timeout);
}

type On = NonNullable<StateJson["on"]>;

function listPools(ir: WorkflowIr, roles: string[]): string[] {
  return ir.roles.filter((role) => isPool(role) && roles.includes(role.name)).map((role) => role.name);
}

/** Params of whatever gives the role to an agent. */
function lowerAwarding(ir: WorkflowIr, role: RoleIr): { role: string; bars?: string[] } {
  const bars = listBarred(ir, role);
  return { role: role.name, ...(bars.length > 0 && { bars }) };
}

function lowerRefusal(ir: WorkflowIr, role: RoleIr, why?: string): On {
  const not = listSetApart(ir, role);
  const params = { role: role.name, not, pools: listPools(ir, not), ...(why ? { why } : {}) };
  return { "role.claim": { guard: name("isRole", { role: role.name }), actions: [name("refuseClaim", params)] } };
}

function lowerOffering(ir: WorkflowIr, role: RoleIr): StateJson {
  const params = { role: role.name };
  const { timeout, retries, backoff, pick, onUnfilled } = role.recruitment;
  const not = listSetApart(ir, role);
  const claim = { ...params, not, pools: listPools(ir, not) };
  const awarding = lowerAwarding(ir, role);
  const held = `#recruitment.open.${role.name}.held`;
  const again = `#recruitment.open.${role.name}.${backoff > 0 ? "backoff" : "seeking"}`;
  const collects = collectsClaims(role);
  const leads: TransitionJson = {
    guard: name("hasLeader", params),
    description: "the best claim",
    target: held,
    actions: [name("awardLeader", awarding)],
  };
  const nobody: TransitionJson = { description: "nobody", target: `#recruitment.open.${role.name}.unfilled` };
  const lastly: Record<UnfilledPolicy, TransitionJson> = {
    suspend: nobody,
    end: nobody,
    retry: { description: "nobody: retry", target: again, reenter: true },
  };
  const expired: TransitionJson[] = [
    ...(collects ? [leads] : []),
    ...(retries > 0
      ? [
          {
            guard: name("offersLeft", { ...params, retries }),
            description: "offered again",
            target: again,
            reenter: true,
            actions: [name("countOffer", params)],
          },
        ]
      : []),
    lastly[onUnfilled],
  ];
  const award: TransitionJson = { guard: name("mayHold", claim), target: held, actions: [name("award", awarding)] };
  const refused: TransitionJson = { guard: name("isRole", params), actions: [name("refuseClaim", claim)] };
  const noted: TransitionJson = { guard: name("mayHold", claim), actions: [name("noteClaim", params)] };
  const taken: Record<PickMode, TransitionJson[]> = {
    first: [award],
    sticky: [{ ...award, guard: name("mayHoldAgain", claim) }, noted],
    best: [noted],
    random: [noted],
  };
  // Whoever is not there when the time is up must not be given the role; others may claim it until then.
  const dropped = (why: string): TransitionJson => ({
    guard: name("leads", params),
    description: `the best claim's agent is ${why}`,
    actions: [name("dropLeader", { ...params, why })],
  });
  const window = readLastHoldersWindow(role.recruitment);
  const sticky: Partial<StateJson> = {
    initial: "lastHolder",
    states: {
      lastHolder: {
        description: "The last holder goes first.",
        after: { [window]: [leads, ...(timeout > window ? [{ target: "anybody" }] : expired.slice(1))] },
      },
      ...(timeout > window ? { anybody: { on: { "role.claim": [award, refused] }, after: { [timeout - window]: expired } } } : {}),
    },
  };
  return {
    description: `Offered to whoever may have it, for ${timeout} ms; ${pick} wins.`,
    tags: ["waits-for-agent"],
    entry: [name("openOffer", { ...params, timeout, pick })],
    exit: [name("closeOffer", params)],
    on: {
      "role.claim": [...taken[pick], refused],
      ...(collects ? { "offer.exhausted": leads, "agent.away": dropped("away"), "agent.deleted": dropped("deleted") } : {}),
      "thread.suspended": { target: "paused", actions: collects ? [name("dropLeader", params)] : [] },
    },
    ...(prefersLastHolder(role) ? sticky : { after: { [timeout]: expired } }),
  };
}

function lowerHeld(ir: WorkflowIr, role: RoleIr): StateJson {
  const params = { role: role.name };
  const holds = name("holds", params);
  const seeking = `#recruitment.open.${role.name}.seeking`;
  // A pool is sought only for a turn: whether there still is one, the task knows and says.
  const vacated = isPool(role) ? `#recruitment.open.${role.name}.dormant` : seeking;
  const { grace, then } = role.offline;
  const routed = hasStatusEdge(ir, role, "$OFFLINE") && then !== "rerecruit";
  const vacate = (why: string): TransitionJson => ({
    guard: holds,
    description: why,
    target: vacated,
    actions: [name("vacate", { ...params, tell: true, why })],
  });
  const policy = (why: string): NamedJson[] => {
    const raises: Record<LossPolicy, NamedJson[]> = {
      wait: [],
      rerecruit: [],
      suspend: [name("raiseSuspend", { ...params, why })],
      end: [name("raiseFail", { ...params, why })],
    };
    return raises[then];
  };
  const deleted: TransitionJson = {
    ...vacate("deleted"),
    actions: [name("vacate", { ...params, tell: true, why: "deleted" }), ...(routed ? [] : policy("deleted"))],
  };
  const lost: TransitionJson =
    then === "rerecruit"
      ? { description: "lost", target: vacated, actions: [name("vacate", { ...params, tell: true, why: "lost" })] }
      : { description: "lost", target: "gone", actions: routed ? [name("setGone", { ...params, to: true })] : policy("lost") };
  const back: TransitionJson = { guard: holds, target: "here", actions: routed ? [name("setGone", { ...params, to: false })] : [] };
  const waits = isHolderAwaited(ir, role);
  return {
    initial: "here",
    on: {
      ...lowerRefusal(ir, role, "taken"),
      "role.release": vacate("released"),
      "agent.deleted": deleted,
      "delivery.refused": deleted,
      "role.needed": {
        guard: holds,
        description: "the task freed it",
        target: seeking,
        actions: [name("vacate", { ...params, tell: false })],
      },
      ...(isPool(role)
        ? {
            "role.freed": {
              guard: holds,
              description: "the turn is over",
              target: `#recruitment.open.${role.name}.dormant`,
              actions: [name("vacate", { ...params, tell: false, why: "turn_over" })],
            },
          }
        : {}),
    },
    states: listStates<HolderState>({
      here: { on: { "agent.away": { guard: holds, target: "away" } } },
      away: { tags: ["grace"], ...(waits ? {} : { after: { [grace]: lost } }), on: { "agent.back": back } },
      gone:
        then === "rerecruit" || waits
          ? undefined
          : { tags: ["waits-for-person"], on: { "thread.resume": { target: "away" }, "agent.back": back } },
    }),
  };
}

/** Where the region begins: roles of the starting group are sought, others wait until the task needs them. */
function lowerBeginning(ir: WorkflowIr, role: RoleIr): { initial: string; beginning?: StateJson } {
  const fresh = listRecruitedAtStart(ir, "new").includes(role);
  const again = listRecruitedAtStart(ir, "resume").includes(role);
  if (fresh === again) return { initial: fresh ? "seeking" : "dormant" };
  const start = fresh ? "new" : "resume";
  return { initial: "beginning", beginning: { always: [{ guard: name("startIs", { start }), target: "seeking" }, { target: "dormant" }] } };
}

/** Lowers one open role. */
export function lowerOpenRegion(ir: WorkflowIr, role: RoleIr): StateJson {
  const params = { role: role.name };
  const isRole = name("isRole", params);
  const refused = lowerRefusal(ir, role);
  const { initial, beginning } = lowerBeginning(ir, role);
  const { backoff } = role.recruitment;
  return {
    description: describeRole(role),
    initial,
    on: {
      "role.assign": { guard: isRole, target: ".held", actions: [name("dropLeader", params), name("assignSeat", lowerAwarding(ir, role))] },
    },
    states: listStates<OpenRoleState>({
      beginning,
      dormant: {
        description: "Not needed yet.",
        always: { guard: name("seated", params), target: "held" },
        on: { ...refused, "role.needed": { guard: isRole, target: "seeking" } },
      },
      seeking: {
        always: [{ guard: name("paused"), target: "paused" }, { guard: name("seated", params), target: "held" }, { target: "offering" }],
      },
      offering: lowerOffering(ir, role),
      backoff:
        backoff > 0
          ? { after: { [backoff]: { target: "seeking" } }, on: { ...refused, "thread.suspended": { target: "paused" } } }
          : undefined,
      held: lowerHeld(ir, role),
      unfilled: {
        tags: ["waits-for-person"],
        entry: [name("reportUnfilled", params)],
        on: { ...refused, "thread.resume": { target: "seeking" }, "role.needed": { guard: isRole, target: "seeking" } },
      },
      paused: { tags: ["waits-for-person"], on: { ...refused, "thread.resume": { target: "seeking" } } },
    }),
  };
}
