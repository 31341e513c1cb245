/** Who held which role when, as lines of time: one for each role. */
import { type Moment, readSpeaker } from "./moment.ts";
import { advanceScene, emptyScene, type Lease } from "./scene.ts";

/** A stretch of a role's time. */
export interface LeaseSpan {
  agent: string | null;
  generation: number;
  state: Lease["state"];
  from: number;
  /** The place of the moment that it began at. */
  place: number;
  /** Null: it goes on. */
  to: number | null;
  /** Why it ended, as far as it was said. */
  why: string | null;
}

export interface LeaseLine {
  role: string;
  spans: LeaseSpan[];
  /** When its holder said something in this thread, the newest of them. */
  signs: number[];
}

/** Signs of a line that are shown: more are one black bar. */
const signsShown = 200;

export function listLeaseLines(moments: readonly Moment[]): LeaseLine[] {
  const lines = new Map<string, LeaseLine>();
  let scene = emptyScene;
  for (const [place, moment] of moments.entries()) {
    const before = scene.leases;
    scene = advanceScene(scene, moment);
    if (scene.leases !== before)
      for (const [role, lease] of Object.entries(scene.leases))
        if (lease !== before[role]) noteLease(lines, role, lease, { at: moment.at, place });
    const speaker = moment.entry && readSpeaker(moment.entry);
    if (speaker === undefined) continue;
    for (const [role, { agent }] of Object.entries(scene.leases)) {
      const signs = agent === speaker ? lines.get(role)?.signs : undefined;
      signs?.push(moment.at);
      if (signs && signs.length > signsShown) signs.shift();
    }
  }
  const isOver = ["completed", "failed", "cancelled", "dropped"].includes(scene.status);
  if (isOver)
    for (const { spans } of lines.values()) {
      const last = spans.at(-1);
      if (last?.to === null) Object.assign(last, { to: scene.at, why: last.why ?? scene.status });
    }
  return [...lines.values()];
}

function noteLease(
  lines: Map<string, LeaseLine>,
  role: string,
  { agent, generation, state, why }: Lease,
  { at, place }: { at: number; place: number },
): void {
  const line = lines.get(role) ?? { role, spans: [], signs: [] };
  lines.set(role, line);
  const last = line.spans.at(-1);
  if (last && last.agent === agent && last.generation === generation && last.state === state) return;
  if (last && last.to === null) Object.assign(last, { to: at, why });
  // A role that nobody ever had, and that is not offered, has no line yet.
  if (state === "free" && line.spans.length === 0) return;
  line.spans.push({ agent, generation, state, from: at, place, to: null, why: null });
}
