/** How the thread stood at the moment that is shown: roles, turn, and what its machines remembered. */
import type { Scene } from "../../data/story/scene.ts";
import { JsonView } from "../../parts/json-view.tsx";
import { StateBadge, type Tone } from "../../parts/state-badge.tsx";
import { Time } from "../../parts/time.tsx";

interface SceneProps {
  scene: Scene;
  /** Why what the machines remember is not shown; undefined: it is. */
  gap: string | undefined;
  changeRole: ((role: string) => void) | undefined;
}

const tones: { [state: string]: Tone } = { held: "good", away: "waiting", offered: "busy", free: "quiet" };

export function ScenePanel({ scene, gap, changeRole }: SceneProps) {
  const { leases, turn, context } = scene;
  const roles = Object.entries(leases);
  const isOver = ["completed", "failed", "cancelled", "dropped"].includes(scene.status);
  return (
    <section class="panel scene" aria-label="At this moment">
      <h2>
        At this moment <StateBadge state={scene.status} />
      </h2>
      <h3>Roles</h3>
      {roles.length === 0 && <p class="quiet">No role is held or offered yet.</p>}
      <ul class="roles">
        {roles.map(([role, { agent, generation, state, expires, lastSign, why }]) => (
          <li key={role}>
            <span class="role-line">
              <strong>{role}</strong> <StateBadge state={isOver ? "ended" : state} tone={isOver ? "quiet" : (tones[state] ?? "quiet")} />
              {changeRole && (
                <button type="button" class="link" onClick={() => changeRole(role)}>
                  Change…
                </button>
              )}
            </span>
            <span class="quiet">
              {agent === null ? "nobody" : <a href={`/ui/agents/${encodeURIComponent(agent)}`}>{agent}</a>}
              {generation > 0 && `, lease ${generation}`}
              {lastSign !== null && (
                <>
                  , last heard <Time at={lastSign} as="clock" />
                </>
              )}
              {expires !== null && !isOver && (
                <>
                  , lapses <Time at={expires} as="clock" />
                </>
              )}
              {why !== null && `, before: ${why}`}
            </span>
          </li>
        ))}
      </ul>
      <h3>Turn</h3>
      {turn === null ? (
        <p class="quiet">Nobody has the turn.</p>
      ) : (
        <p>
          {turn.round}, <strong>{turn.role}</strong>
          {turn.agent !== null && `, ${turn.agent}`}
          {turn.attempt > 1 && `, given ${turn.attempt} times`}
          <span class="quiet">
            {" "}
            since <Time at={turn.since} as="clock" />
            {turn.deadline !== null && (
              <>
                , until <Time at={turn.deadline} as="clock" />
              </>
            )}
          </span>
        </p>
      )}
      {turn?.prompt != null && <JsonView value={turn.prompt} label="Prompt of the turn" />}
      <details>
        <summary>What the machines remember</summary>
        {gap !== undefined && <p class="quiet">{gap}</p>}
        {(["recruitment", "task"] as const).map((machine) =>
          context[machine] === null ? null : (
            <div key={machine}>
              <h4>{machine}</h4>
              <JsonView value={context[machine]} label={`Context of ${machine}`} />
            </div>
          ),
        )}
        {gap === undefined && context.recruitment === null && (
          <p class="quiet">It is not known for this moment: the history that is kept begins later.</p>
        )}
      </details>
    </section>
  );
}
