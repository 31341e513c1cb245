/** What waits for whoever is signed in: turns to answer, roles that may be had, roles that are held. */
import { useEffect, useState } from "preact/hooks";
import { say } from "../data/answer-turn.ts";
import { inboxError, inboxState, me, openInbox, reloadMe } from "../data/inbox.ts";
import { pathOfTurn } from "../data/list-news.ts";
import { askToNotify, notifying } from "../data/notify.ts";
import { nameStatus } from "../data/plan-form.ts";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { OfferCard } from "./turn/offer-card.tsx";
import { PeopleOnly } from "./turn/people-only.tsx";

export default function TurnsPage() {
  return (
    <PeopleOnly>
      <Turns />
    </PeopleOnly>
  );
}

function Turns() {
  useEffect(openInbox, []);
  const now = me.value;
  if (now === undefined)
    return inboxError.value ? <ErrorState error={inboxError.value} retry={() => void reloadMe()} /> : <LoadingState what="your turns" />;
  const { turns, offers, rolesHeld } = now;
  const waiting = turns.toSorted((a, b) => a.deadline.localeCompare(b.deadline));
  const idle = rolesHeld.filter((held) => !turns.some(({ thread, role }) => thread === held.thread && role.name === held.role));
  return (
    <div class="turns">
      <div class="answer-head">
        <h1>My turns</h1>
        <Tell />
      </div>
      <PersonNotice labels={now.labels} />
      {inboxState.value === "reconnecting" && (
        <p class="notice">The connection to your mailbox broke off. The page tries again by itself.</p>
      )}
      {waiting.length === 0 && offers.length === 0 && (
        <EmptyState title="Nothing waits for you">When a turn is yours, or you may have one, it appears here by itself.</EmptyState>
      )}
      {waiting.length > 0 && (
        <ul class="cards" aria-label="Turns that wait for you">
          {waiting.map(({ turn, thread, role, workflow, prompt, deadline }) => (
            <li key={turn} class="card">
              <h2>
                <a href={pathOfTurn(thread, role.name)}>{nameStatus(role.name)}</a> <span class="quiet">in {workflow}</span>
              </h2>
              <p class="prompt clip">{prompt}</p>
              <p class="turn-facts">
                <span>
                  Answer <Time at={deadline} />
                </span>
              </p>
            </li>
          ))}
        </ul>
      )}
      {offers.length > 0 && (
        <section aria-labelledby="offers">
          <h2 id="offers">Roles you may have</h2>
          <ul class="cards">
            {offers.map((offer) => (
              <li key={offer.offer} class="card">
                <h3>
                  <a href={pathOfTurn(offer.thread, offer.role)}>{nameStatus(offer.role)}</a> <span class="quiet">in {offer.workflow}</span>
                </h3>
                <OfferCard offer={offer} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {idle.length > 0 && (
        <section aria-labelledby="held">
          <h2 id="held">You hold, and it is not your turn</h2>
          <ul class="held">
            {idle.map(({ thread, workflow, role, lease }) => (
              <li key={`${thread} ${role}`}>
                <a href={`/ui/threads/${thread}`}>{nameStatus(role)}</a> <span class="quiet">in {workflow},</span>{" "}
                {lease.expires === null ? (
                  <span class="quiet">for as long as it takes</span>
                ) : (
                  <span class="quiet">
                    lost <Time at={lease.expires} /> if this page is closed
                  </span>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

/** The browser's own notifications, which the reader turns on. */
function Tell() {
  switch (notifying.value) {
    case "default":
      return (
        <button type="button" onClick={() => void askToNotify()}>
          Tell me when something waits
        </button>
      );
    case "granted":
      return <span class="quiet">This browser tells you, while the page is open</span>;
    case "denied":
      return <span class="quiet">This browser may not tell you: its settings forbid it</span>;
    case "none":
      return null;
  }
}

/** Roles that ask for people are offered to accounts that say they are one. */
function PersonNotice({ labels }: { labels: { [label: string]: unknown } | undefined }) {
  const [error, setError] = useState("");
  if (labels?.person === true) return null;
  async function claim(): Promise<void> {
    try {
      await say("nerve.agent.report", { labels: { ...(labels as object), person: true } } as never);
      await reloadMe();
    } catch (found) {
      setError((found as Error).message);
    }
  }
  return (
    <div class="notice person">
      <p>This account does not say that it is a person, so roles that ask for people are not offered to it.</p>
      <button type="button" onClick={() => void claim()}>
        I am a person
      </button>
      {error !== "" && <p role="alert">{error}</p>}
    </div>
  );
}
