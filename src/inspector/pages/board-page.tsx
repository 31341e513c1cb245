/** The recruitment board: roles that are offered and not taken, and what each agent made of the offer. */
import { useState } from "preact/hooks";
import type { UnfilledRole } from "../../contract/views/explanation.ts";
import type { ThreadEntry } from "../../contract/views/thread.ts";
import { read } from "../data/api.ts";
import type { Answered, BoardOffer, OfferAnswer } from "../data/board-model.ts";
import { session } from "../data/session.ts";
import { findThread } from "../data/threads-model.ts";
import { useBoard } from "../data/use-board.ts";
import { useRereading } from "../data/use-rereading.ts";
import { useResource } from "../data/use-resource.ts";
import { useThreads } from "../data/use-threads.ts";
import { StateBadge, type Tone } from "../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";

export default function BoardPage() {
  const { model, error, loading, reload, more } = useThreads({ waiting: "claim" });
  const board = useBoard();
  const rows = model.order.value;
  const isAgent = session.value.state === "in" && session.value.kind === "agent";
  const decided = [...board.values()].filter(({ closed }) => closed !== null).toReversed();
  return (
    <>
      <h1>Recruitment board</h1>
      {error !== undefined && <ErrorState error={error} retry={reload} />}
      {loading && error === undefined && <LoadingState what="offers" />}
      {!loading && error === undefined && rows.length === 0 && (
        <EmptyState title="No offer is open">
          {isAgent ? (
            <>
              None in the threads that you take part in. What you may take is among <a href="/ui/turns">your turns</a>.
            </>
          ) : (
            "Every role that is needed is held."
          )}
        </EmptyState>
      )}
      <div class="cards">
        {rows.map((row) => (
          <Offer key={row.peek().id} thread={row.value} offers={[...board.values()].filter(isOpenOf(row.peek().id))} />
        ))}
      </div>
      {rows.length >= 200 && (
        <button type="button" onClick={more}>
          Show more
        </button>
      )}
      {decided.length > 0 && (
        <section class="panel" aria-label="Decided of late">
          <h2>Decided of late</h2>
          <ul class="plain decided">
            {decided.map((offer) => (
              <li key={offer.offer}>
                <p>
                  <strong>{offer.role}</strong> of <a href={`/ui/threads/${encodeURIComponent(offer.thread)}`}>{offer.workflow}</a>{" "}
                  <span class="quiet">
                    {offer.closed}, offered <Time at={offer.opened} />
                  </span>
                </p>
                <Answers answers={offer.answers} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

const isOpenOf =
  (thread: string) =>
  (offer: BoardOffer): boolean =>
    offer.thread === thread && offer.closed === null;

function Offer({ thread, offers }: { thread: ThreadEntry; offers: readonly BoardOffer[] }) {
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
      {offers.map(({ offer, role, answers }) => (
        <div key={offer}>
          {offers.length > 1 && <h3>{role}</h3>}
          <Answers answers={answers} />
        </div>
      ))}
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>Who has seen it, and why not the others</summary>
        {open && <Candidates thread={thread.id} />}
      </details>
    </section>
  );
}

const answerTones: Record<Answered, Tone> = { claimed: "busy", awarded: "good", outbid: "waiting", refused: "bad", declined: "bad" };

/** What agents made of an offer, as they said it. */
function Answers({ answers }: { answers: readonly OfferAnswer[] }) {
  if (answers.length === 0) return <p class="quiet">Nobody has answered it yet.</p>;
  return (
    <ul class="plain">
      {answers.map(({ agent, what, bid, why }) => (
        <li key={agent}>
          <StateBadge state={what} tone={answerTones[what]} /> <a href={`/ui/agents/${encodeURIComponent(agent)}`}>{agent}</a>{" "}
          <span class="quiet">
            {bid !== undefined && `bid ${JSON.stringify(bid).slice(0, 60)}`} {what === "outbid" ? "" : why}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Candidates({ thread }: { thread: string }) {
  const explained = useResource((signal) => read<"explanation">(`/v1/threads/${thread}/explain`, { signal }), [thread]);
  useRereading(explained.reload, ({ event }) => findThread(event) === thread || event.type.startsWith("nerve.offer."));
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

/** What a code is called where its word alone does not say it. */
const words: { [code: string]: string } = { outscored: "outbid", unanswered: "has seen it", unseen: "has not seen it" };

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
            <StateBadge state={words[code] ?? code.replaceAll("_", " ")} tone={tones[code] ?? "quiet"} />{" "}
            <a href={`/ui/agents/${encodeURIComponent(agent)}`}>{agent}</a> <span class="quiet">{why}</span>
          </li>
        ))}
      </ul>
      {others && <p class="quiet">and {others.count} others</p>}
    </>
  );
}
