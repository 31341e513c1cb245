/** What a thread waits for because of its roles: claims, pauses and holders who are away. Knows the states of recruitment's machine. */
import { lookUp } from "../../../../machines/facts.ts";
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { readLastHoldersWindow } from "../../../compile/lower/open-region.ts";
import { readWord } from "../../../contract/language.ts";
import { type HolderState, holderStates, type OpenRoleState, openRoleStates } from "../../../contract/statuses.ts";
import type { Wait } from "../../../contract/views/wait.ts";
import { trust } from "../../protocol/trust.ts";
import { describeLoss, describeOfferEnd } from "./describe-then.ts";
import { findTimer, type MachineView, readRegion, readRegionPath, toTime } from "./machine-view.ts";

/** How many were asked by the role's newest offer, and how many of them answered; undefined: nobody yet. */
export type CountOffered = (role: string) => { offered: number; answered: number } | undefined;

/** In the order of the workflow's roles; holders who are away come last, for somebody has these roles. */
export function describeRecruitmentWaits(ir: WorkflowIr, recruitment: MachineView, countOffered: CountOffered = () => undefined): Wait[] {
  const waits = ir.roles.flatMap((role) => describeRole({ ir, role, recruitment, countOffered }) ?? []);
  return [...waits.filter((wait) => wait.for !== "holder"), ...waits.filter((wait) => wait.for === "holder")];
}

interface RoleFacts {
  ir: WorkflowIr;
  role: RoleIr;
  recruitment: MachineView;
  countOffered: CountOffered;
}

function describeRole(facts: RoleFacts): Wait | undefined {
  const [state, inner] = readRegionPath(facts.recruitment, facts.role.name);
  const open = readWord(state, openRoleStates);
  // A named role's region has no `held` around it.
  const holder = readWord(open === "held" ? inner : state, holderStates);
  if (holder !== undefined) return holderWaits[holder](facts, open === "held" ? `held.${holder}` : holder);
  return open && openWaits[open](facts, inner);
}

/** What is waited for in each state, if anything. `gone` is a person's affair, which the thread's suspension says. */
const holderWaits: Record<HolderState, (facts: RoleFacts, path: string) => Wait | undefined> = {
  here: () => undefined,
  away: describeAway,
  gone: () => undefined,
};

/** @see holderWaits for `held` */
const openWaits: Record<OpenRoleState, (facts: RoleFacts, inner: string | undefined) => Wait | undefined> = {
  beginning: () => undefined,
  dormant: () => undefined,
  seeking: () => undefined,
  offering: describeClaim,
  backoff: describePause,
  held: () => undefined,
  unfilled: () => undefined,
  paused: () => undefined,
};

/** Since when the role's region is in its state, where no timer tells. */
function readSince({ role, recruitment }: RoleFacts): string {
  return toTime(recruitment.since((value) => readRegion(value, role.name)));
}

function describeClaim(facts: RoleFacts, window: string | undefined): Wait {
  const { ir, role, recruitment, countOffered } = facts;
  const context = trust(recruitmentContext, recruitment.context);
  const leader = lookUp(context.leading, role.name);
  const leads = leader && leader.offer === lookUp(context.offers, role.name) ? leader.agent : undefined;
  const counts = countOffered(role.name);
  const due = findTimer(recruitment, `recruitment.open.${role.name}.offering`);
  const after = window === "lastHolder" ? role.recruitment.timeout - readLastHoldersWindow(role.recruitment) : 0;
  const until = due === undefined ? undefined : due + after;
  return {
    for: "claim",
    role: role.name,
    text: `${role.name} is offered (pick: ${role.recruitment.pick}); ${counts ? `${counts.offered} were asked, ${counts.answered} answered` : "nobody was asked yet"}`,
    since: until === undefined ? readSince(facts) : toTime(until - role.recruitment.timeout),
    ...(until !== undefined && { until: toTime(until) }),
    then: describeOfferEnd(ir, role, lookUp(context.tries, role.name) ?? 0, leads),
  };
}

function describePause(facts: RoleFacts): Wait {
  const { role, recruitment } = facts;
  const due = findTimer(recruitment, `recruitment.open.${role.name}.backoff`);
  return {
    for: "pause",
    role: role.name,
    text: `nobody took ${role.name}; a pause before it is offered again`,
    since: due === undefined ? readSince(facts) : toTime(due - role.recruitment.backoff),
    ...(due !== undefined && { until: toTime(due) }),
    then: "it is offered again",
  };
}

function describeAway(facts: RoleFacts, state: string): Wait {
  const { ir, role, recruitment } = facts;
  const context = trust(recruitmentContext, recruitment.context);
  const agent = lookUp(context.seats, role.name)?.agent ?? undefined;
  const due = findTimer(recruitment, `recruitment.open.${role.name}.${state}`);
  return {
    for: "holder",
    role: role.name,
    ...(agent !== undefined && { agent }),
    text: `${agent ?? "the holder"}, who holds ${role.name}, is away`,
    since: due === undefined ? readSince(facts) : toTime(due - role.offline.grace),
    ...(due !== undefined && { until: toTime(due) }),
    then: due === undefined ? "nothing: it is waited for until it is back" : describeLoss(ir, role),
  };
}

const soughtIn: Record<OpenRoleState, boolean> = {
  ...{ beginning: false, dormant: false, seeking: true, offering: true },
  ...{ backoff: true, held: false, unfilled: true, paused: true },
};

/** Whether an open role is wanted, or was when the thread was suspended, and nobody has it. */
export function isSought(recruitment: Pick<MachineView, "value">, role: RoleIr): boolean {
  const state = readWord(readRegionPath(recruitment, role.name)[0], openRoleStates);
  return role.type === "open" && state !== undefined && soughtIn[state];
}
