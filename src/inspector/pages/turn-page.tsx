/** One turn of a person, by its link: what is asked, and the form that answers it; or the offer that it may be had by; or what became of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import type { OfferOpened } from "../../contract/kinds/offer.ts";
import type { TurnAssigned } from "../../contract/kinds/turn.ts";
import { say } from "../data/answer-turn.ts";
import type { Refusal } from "../data/describe-refusal.ts";
import { inboxError, me, openInbox, reloadMe } from "../data/inbox.ts";
import { nameStatus, type Output } from "../data/plan-form.ts";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { JsonView } from "../parts/json-view.tsx";
import { ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { AnswerForm } from "./turn/answer-form.tsx";
import { OfferCard } from "./turn/offer-card.tsx";
import { PeopleOnly } from "./turn/people-only.tsx";
import { OthersWhoCould, TurnGone } from "./turn/turn-gone.tsx";

type End = { output: Output } | { refusal: Refusal };

export default function TurnPage() {
  const { params } = useRoute();
  const { thread = "", role = "" } = params;
  return (
    <PeopleOnly>
      <Turn key={`${thread} ${role}`} thread={decodeURIComponent(thread)} role={decodeURIComponent(role)} />
    </PeopleOnly>
  );
}

function Turn({ thread, role }: { thread: string; role: string }) {
  useEffect(openInbox, []);
  const [end, setEnd] = useState<End>();
  /** The turn stays on the page after its end, for whoever still has an answer in it. */
  const last = useRef<TurnAssigned | undefined>(undefined);
  const now = me.value;
  const turn = now?.turns.find((each) => each.thread === thread && each.role.name === role);
  const isNext = turn !== undefined && last.current !== undefined && turn.turn !== last.current.turn;
  if (turn && (!end || isNext)) last.current = turn;
  useEffect(() => {
    if (isNext) setEnd(undefined);
  }, [isNext]);
  if (now === undefined)
    return inboxError.value ? <ErrorState error={inboxError.value} retry={() => void reloadMe()} /> : <LoadingState what="your turn" />;
  if (end && !isNext) return <TurnEnd end={end} role={role} thread={thread} />;
  if (turn) return <OpenTurn turn={turn} account={now.id} done={setEnd} />;
  // The newest: one before it may have closed while nobody told.
  const offer = now.offers.findLast((each) => each.thread === thread && each.role === role);
  if (offer) return <OfferPage offer={offer} />;
  if (last.current) return <TurnGone thread={thread} role={role} was={last.current} />;
  return <TurnGone thread={thread} role={role} />;
}

function OfferPage({ offer }: { offer: OfferOpened }) {
  return (
    <article class="turn">
      <h1>
        {nameStatus(offer.role)} <span class="quiet">in {offer.workflow}</span>
      </h1>
      <p>Nobody has this role yet, and you may have it. Once it is yours, the turn appears here.</p>
      <OfferCard offer={offer} />
    </article>
  );
}

/** Characters beyond which a prompt has a place of its own that scrolls: the answer is not to be behind it. */
const longPrompt = 2_000;

function OpenTurn({ turn, account, done }: { turn: TurnAssigned; account: string; done(end: End): void }) {
  const { role, workflow, thread, prompt, location, last, handover, resumed, deadline, round, attempt } = turn;
  const output = useRef<Output>({});
  const extra = role as { [field: string]: unknown };
  const text = (name: string): string | undefined => (typeof extra[name] === "string" ? (extra[name] as string) : undefined);
  return (
    <article class="turn">
      <header>
        <h1>
          {nameStatus(role.name)} <span class="quiet">in {workflow}</span>
        </h1>
        <p class="turn-facts">
          <span>
            Answer <Time at={deadline} />
          </span>
          <span>
            Step {round}
            {attempt !== undefined && attempt > 1 && `, given ${attempt} times`}
          </span>
          <a href={`/ui/threads/${thread}`}>The thread</a>
        </p>
      </header>
      <div class="turn-columns">
        <section class="turn-asked" aria-label="What is asked">
          <h2>What is asked</h2>
          {prompt.length > longPrompt ? <JsonView value={prompt} label="The prompt" /> : <p class="prompt">{prompt}</p>}
          {location !== undefined && (
            <p>
              Where: <code>{location}</code>
            </p>
          )}
          {resumed && (
            <div class="aside">
              <strong>The thread went on:</strong> {resumed.reason || "no reason was given"}
              {resumed.supplement !== null && <JsonView value={resumed.supplement} label="What was added" />}
            </div>
          )}
          {handover && (
            <div class="aside">
              <strong>{handover.agent} had it before you:</strong> {handover.reason}
              {handover.progress?.note && <p class="prompt">{handover.progress.note}</p>}
              {handover.progress?.details != null && <JsonView value={handover.progress.details} label="What was done by then" />}
            </div>
          )}
          {last && (
            <>
              <h3>
                What {last.role} said{last.agent !== null && <span class="quiet">, {last.agent}</span>}
              </h3>
              <JsonView value={last.output} label={`What ${last.role} said`} />
              {last.body !== undefined && <JsonView value={last.body} label="Its text" />}
            </>
          )}
          <details>
            <summary>Your role, and how it began</summary>
            {(["description", "goal", "procedure", "output"] as const).map((name) =>
              text(name) === undefined ? null : (
                <p key={name} class="prompt">
                  <strong>{nameStatus(name)}:</strong> {text(name)}
                </p>
              ),
            )}
            <JsonView value={turn.event} label="The event that began the thread" />
          </details>
        </section>
        <div class="turn-answer">
          <AnswerForm
            key={`${turn.turn} ${turn.lease.generation}`}
            turn={turn}
            account={account}
            done={done}
            wrote={(each) => (output.current = each)}
          />
          <TurnActions turn={turn} output={output} done={done} />
          <OthersWhoCould turn={turn} />
        </div>
      </div>
    </article>
  );
}

function TurnActions({ turn, output, done }: { turn: TurnAssigned; output: { current: Output }; done(end: End): void }) {
  const [note, setNote] = useState("");
  const [told, setTold] = useState("");
  const [leaving, setLeaving] = useState(false);
  const [reason, setReason] = useState("");
  const { lease, thread, role } = turn;
  async function tell(event: Event): Promise<void> {
    event.preventDefault();
    try {
      await say("nerve.turn.progress", { turn: turn.turn, lease: lease.generation, note, details: { draft: output.current } });
      setTold("Told. Whoever takes over from you will read it, with your draft.");
      setNote("");
    } catch (error) {
      setTold(`It was not told: ${(error as Error).message}`);
    }
  }
  return (
    <section class="turn-actions" aria-label="Other things to do">
      <form class="progress" onSubmit={(event) => void tell(event)}>
        <label for="progress">How far are you?</label>
        <div class="row">
          <input id="progress" value={note} maxLength={1000} onInput={({ currentTarget }) => setNote(currentTarget.value)} />
          <button type="submit" disabled={note.trim() === ""}>
            Tell
          </button>
        </div>
        <p class="quiet" role="status">
          {told}
        </p>
      </form>
      <button type="button" onClick={() => setLeaving(true)}>
        Hand it back…
      </button>
      {leaving && (
        <ConfirmDialog
          title="Hand the role back?"
          deed="Hand it back"
          grave
          close={() => setLeaving(false)}
          confirm={async () => {
            await say("nerve.role.release", { thread, role: role.name, lease: lease.generation, reason });
            done({ refusal: { over: true, title: "You handed it back", text: "It is offered to others now." } });
          }}
        >
          <p>The turn is taken from you, and the role is offered to others. What you have written stays in this browser only.</p>
          <label for="reason">Why (kept in the log)</label>
          <input
            id="reason"
            class="reason"
            value={reason}
            maxLength={1000}
            onInput={({ currentTarget }) => setReason(currentTarget.value)}
          />
        </ConfirmDialog>
      )}
    </section>
  );
}

function TurnEnd({ end, role, thread }: { end: End; role: string; thread: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const isTaken = "output" in end;
  return (
    <article class="turn turn-end">
      <h1 ref={heading} tabIndex={-1}>
        {isTaken ? "Your answer was taken" : end.refusal.title}
      </h1>
      {isTaken ? (
        <>
          <p>It counts as the answer of {nameStatus(role)}, and the thread goes on.</p>
          <JsonView value={end.output} label="What you answered" />
        </>
      ) : (
        <p>{end.refusal.text}</p>
      )}
      <p class="buttons">
        <a href="/ui/turns">My turns</a> <a href={`/ui/threads/${thread}`}>The thread</a>
      </p>
    </article>
  );
}
