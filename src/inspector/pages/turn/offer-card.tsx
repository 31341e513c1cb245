/** A role that the reader may have: claim it, or say that one will not. */
import { useState } from "preact/hooks";
import type { OfferOpened } from "../../../contract/kinds/offer.ts";
import { say } from "../../data/answer-turn.ts";
import { describeRefusal } from "../../data/describe-refusal.ts";
import { me, refusedClaims, reloadMe } from "../../data/inbox.ts";
import { Time } from "../../parts/time.tsx";

export function OfferCard({ offer }: { offer: OfferOpened }) {
  const [state, setState] = useState<{ busy: boolean; said?: string }>({ busy: false });
  const isClaimed = me.value?.claims?.some((claim) => claim.offer === offer.offer) ?? false;
  const refused = refusedClaims.value.get(offer.offer);
  async function act(work: () => Promise<void>, said: string): Promise<void> {
    setState({ busy: true });
    try {
      await work();
      setState({ busy: false, said });
    } catch (error) {
      const { title, text } = describeRefusal(error);
      setState({ busy: false, said: `${title}. ${text}` });
    }
    void reloadMe();
  }
  return (
    <div class="offer">
      <p class="prompt">{offer.goal}</p>
      <p class="turn-facts">
        <span>
          The offer closes <Time at={offer.expires} />
        </span>
        <span>You would have {offer.turn.timeout} to answer</span>
        {offer.requires.length > 0 && <span>Needs {offer.requires.join(", ")}</span>}
      </p>
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={state.busy || isClaimed}
          onClick={() =>
            void act(() => say("nerve.offer.claim", { offer: offer.offer }), "Asked for. You hear in a moment whether it is yours.")
          }
        >
          Take it
        </button>
        <button
          type="button"
          disabled={state.busy || isClaimed}
          onClick={() =>
            void act(() => say("nerve.offer.decline", { offer: offer.offer, reason: "declined on the page" }), "You are not asked again.")
          }
        >
          Not me
        </button>
      </div>
      <p class="quiet" role="status">
        {refused !== undefined ? `It is not yours: ${refused}.` : state.said}
      </p>
    </div>
  );
}
