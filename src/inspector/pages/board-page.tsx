/** The recruitment board: roles that are offered and not taken, and what each agent made of the offer. */
import { useState } from "preact/hooks";
import type { UnfilledRole } from "../../contract/views/explanation.ts";
import type { ThreadEntry } from "../../contract/views/thread.ts";
import { read } from "../data/api.ts";
import { useResource } from "../data/use-resource.ts";
import { useThreads } from "../data/use-threads.ts";
import { StateBadge, type Tone } from "../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";

export default function BoardPage() {
  const { model, error, loading, reload, more } = useThreads({ waiting: "claim" });
  const rows = model.order.value;
  return (
    <>
      <h1>Recruitment board</h1>
      {error !== undefined && <ErrorState error={error} retry={reload} />}
      {loading && error === undefined && <LoadingState what="offers" />}
      {!loading && error === undefined && rows.length === 0 && (
        <EmptyState title="No offer is open">Every role that is needed is held.</EmptyState>
      )}
      <div class="cards">
        {rows.map((row) => (
          <Offer key={row.peek().id} thread={row.value} />
        ))}
      </div>
      {rows.length >= 200 && (
        <button type="button" onClick={more}>
          Show more
        </button>
      )}
    </>
  );
}

function Offer({ thread }: { thread: ThreadEntry }) {
  const [open, setOpen] = useState(false);
  return (
    <section class="panel" aria-label={`Offer of ${thread.workflow}`}>
      <h2>
        {thread.waiting?.role ?? "a role"} <span class="quiet">of</span> <a href={`/ui/threads/${thread.id}`}>{thread.workflow}</a>
      </h2>
      <p class="quiet">
        open for <Time at={thread.waiting?.since ?? thread.updatedAt} as="for" />
        {thread.waiting?.until !== undefined && (
          <>
            , ends <Time at={thread.waiting.until} />
          </>
        )}
      </p>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>Who has seen it, and what they made of it</summary>
        {open && <Candidates thread={thread.id} />}
      </details>
    </section>
  );
}

function Candidates({ thread }: { thread: string }) {
  const explained = useResource((signal) => read<"explanation">(`/v1/threads/${thread}/explain`, { signal }), [thread]);
  if (explained.loading) return <LoadingState what="the offer" />;
  if (explained.value === undefined) return explained.error ? <ErrorState error={explained.error} retry={explained.reload} /> : null;
  const { unfilled } = explained.value;
  if (unfilled.length === 0) return <p>It was taken just now.</p>;
  return (
    <>
      {unfilled.map((role) => (
        <Role key={role.role} role={role} />
      ))}
    </>
  );
}

const tones: { [code: string]: Tone } = {
  claimed: "good",
  unanswered: "waiting",
  unseen: "quiet",
  declined: "bad",
  outscored: "waiting",
  rejected: "bad",
};

function Role({ role: { role, offer, agents, others } }: { role: UnfilledRole }) {
  return (
    <>
      <h3>{role}</h3>
      {offer && (
        <p class="quiet">
          {offer.offered} were asked, {offer.answered} have answered
        </p>
      )}
      <ul class="plain">
        {agents.map(({ agent, code, why }) => (
          <li key={agent}>
            <StateBadge state={code.replaceAll("_", " ")} tone={tones[code] ?? "quiet"} />{" "}
            <a href={`/ui/agents/${encodeURIComponent(agent)}`}>{agent}</a> <span class="quiet">{why}</span>
          </li>
        ))}
      </ul>
      {others && <p class="quiet">and {others.count} others</p>}
    </>
  );
}
