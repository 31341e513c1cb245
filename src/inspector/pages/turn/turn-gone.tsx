/** What became of a turn that the reader does not have, and who else could have one. */

import { useState } from "preact/hooks";
import type { TurnAssigned } from "../../../contract/kinds/turn.ts";
import { read } from "../../data/api.ts";
import { nameStatus } from "../../data/plan-form.ts";
import { findThread } from "../../data/threads-model.ts";
import { useRereading } from "../../data/use-rereading.ts";
import { useResource } from "../../data/use-resource.ts";
import { StateBadge } from "../../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";

/** @param was the turn as this page had it */
export function TurnGone({ thread, role, was }: { thread: string; role: string; was?: TurnAssigned }) {
  const shown = useResource((signal) => read<"thread">(`/v1/threads/${encodeURIComponent(thread)}`, { signal }), [thread, was?.turn]);
  useRereading(shown.reload, ({ event }) => findThread(event) === thread);
  if (shown.loading) return <LoadingState what="what became of it" />;
  const { error } = shown;
  const isHidden = error?.code === "not_found" || error?.code === "forbidden";
  if (error && !isHidden && shown.value === undefined && !was) return <ErrorState error={error} retry={shown.reload} />;
  // Whoever had a role for one turn takes no part in the thread once that is over: what was read before says nothing about now.
  const seen = isHidden ? undefined : shown.value;
  if (seen === undefined && was)
    return (
      <EmptyState title="This turn is over">
        It was answered, taken back, or its time was up. What you had written stays in this browser, and was not sent. See{" "}
        <a href="/ui/turns">what waits for you</a>.
      </EmptyState>
    );
  if (seen === undefined)
    return (
      <EmptyState title="No turn waits for you here">
        This link is for another account, or its thread is gone. See <a href="/ui/turns">what waits for you</a>.
      </EmptyState>
    );
  const { status, roles, workflow } = seen;
  const holder = roles[role]?.agent;
  return (
    <article class="turn turn-end">
      <h1>{was ? "This turn is over" : "No turn waits for you here"}</h1>
      <p>
        {was && "It was answered, taken back, or its time was up. What you had written stays in this browser, and was not sent. "}
        {holder != null && `${nameStatus(role)} is held by ${holder}. `}
        The thread of {workflow} is <StateBadge state={status} />.
      </p>
      <p class="buttons">
        <a href="/ui/turns">My turns</a> <a href={`/ui/threads/${thread}`}>The thread</a>
      </p>
    </article>
  );
}

/** Whom the role is open to, by its own words. */
export function OthersWhoCould({ turn }: { turn: TurnAssigned }) {
  const { eligibility, capabilities, agent, type } = turn.role as { [field: string]: unknown };
  const own = (eligibility ?? {}) as { all?: unknown; agents?: unknown; not?: unknown; where?: unknown };
  const list = (value: unknown): string | undefined => (Array.isArray(value) && value.length > 0 ? value.join(", ") : undefined);
  const parts = [
    list(own.agents) && `one of ${list(own.agents)}`,
    (list(own.all) ?? list(capabilities)) && `an account with ${list(own.all) ?? list(capabilities)}`,
    typeof own.where === "string" && `for which ${own.where}`,
    list(own.not) && `but not ${list(own.not)}`,
  ].filter((part) => typeof part === "string");
  const isNamed = type === "named" || agent !== undefined;
  const [open, setOpen] = useState(false);
  return (
    <details class="others" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Who else could?</summary>
      <p>
        {isNamed
          ? "The workflow names you alone. If you hand it back, its thread waits for an operator."
          : parts.length > 0
            ? `Whoever is ${parts.join(", ")}.`
            : "Whoever is there."}
      </p>
      {open && !isNamed && <Candidates turn={turn} />}
    </details>
  );
}

/** Those whom the role is open to now. */
function Candidates({ turn: { thread, role, turn } }: { turn: TurnAssigned }) {
  const path = `/v1/threads/${encodeURIComponent(thread)}/roles/${encodeURIComponent(role.name)}/candidates`;
  const shown = useResource((signal) => read<"candidates">(path, { signal }), [path, turn]);
  if (shown.loading) return <LoadingState what="who could" />;
  if (shown.value === undefined) return shown.error ? <ErrorState error={shown.error} retry={shown.reload} /> : null;
  const { candidates, more } = shown.value;
  if (candidates.length === 0) return <p>Nobody else now. If you hand it back, it waits for somebody who may have it.</p>;
  return (
    <ul class="plain" aria-label="Who could have it now">
      {candidates.map(({ agent, presence, free }) => (
        <li key={agent}>
          <StateBadge state={presence} /> {agent} {free === 0 && <span class="quiet">has no slot free</span>}
        </li>
      ))}
      {more && <li class="quiet">and others, who were not asked</li>}
    </ul>
  );
}
