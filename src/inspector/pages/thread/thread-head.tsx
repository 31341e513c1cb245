/** Which thread it is, how it stands, what is wrong with what is shown, and what can be ordered. */
import type { Answer } from "../../../contract/http/answers.ts";
import { describeUsage } from "../../../contract/usage.ts";
import type { ApiError } from "../../data/api.ts";
import type { Gap } from "../../data/thread-feed.ts";
import { StateBadge } from "../../parts/state-badge.tsx";
import { Time } from "../../parts/time.tsx";
import type { Order } from "./order-dialog.tsx";

interface HeadProps {
  view: Answer<"thread">;
  /** Of the last reading, where an earlier one is shown. */
  error: ApiError | undefined;
  gaps: readonly Gap[];
  hindered: string | undefined;
  isOperator: boolean;
  order(order: Order): void;
}

const going = ["queued", "recruiting", "running", "suspended"];

export function ThreadHead({ view, error, gaps, hindered, isOperator, order }: HeadProps) {
  const {
    id,
    workflow,
    revision,
    status,
    createdAt,
    updatedAt,
    parent,
    fork,
    epoch,
    children,
    unreachable,
    outcome,
    usage,
    archivedAt,
    keptUntil,
  } = view;
  return (
    <header class="thread-head">
      <div class="thread-title">
        <h1>
          <a href={`/ui/workflows/${encodeURIComponent(workflow)}`}>{workflow}</a> <StateBadge state={status} />
        </h1>
        <p class="quiet">
          <code>{id}</code> · began <Time at={createdAt} /> · changed <Time at={updatedAt} /> · revision <code>{revision.slice(0, 8)}</code>
          {epoch !== undefined && ` · begun ${epoch} times`}
        </p>
        {usage && <p class="quiet">Took {describeUsage(usage)}</p>}
        {parent !== undefined && (
          <p>
            {fork ? `A copy, up to step ${fork.at}, of ` : "Begun by "}
            <a href={`/ui/threads/${encodeURIComponent(parent)}`}>{parent}</a>
          </p>
        )}
        {children.length > 0 && (
          <p>
            Began{" "}
            {children.map((child) => (
              <a key={child} class="child" href={`/ui/threads/${encodeURIComponent(child)}`}>
                {child}
              </a>
            ))}
          </p>
        )}
        {(outcome?.error ?? view.error) !== undefined && (
          <p class={status === "suspended" ? "tone-waiting" : "field-error"}>{outcome?.error ?? view.error}</p>
        )}
      </div>
      {isOperator && (
        <div class="buttons actions">
          {status === "suspended" ? (
            <OrderButton order={order} what={{ do: "resume" }} name="Resume…" hindered={hindered} />
          ) : going.includes(status) ? (
            <OrderButton
              order={order}
              what={{ do: "suspend" }}
              name="Suspend…"
              hindered={hindered ?? (status === "queued" ? "It has not begun." : undefined)}
            />
          ) : (
            <OrderButton
              order={order}
              what={{ do: "resume" }}
              name="Resume…"
              hindered={hindered ?? (status === "dropped" ? "It never began." : undefined)}
            />
          )}
          <OrderButton
            order={order}
            what={{ do: "restart" }}
            name="Restart…"
            hindered={hindered ?? (status === "queued" || status === "dropped" ? "It has not begun." : undefined)}
          />
          <OrderButton order={order} what={{ do: "fork" }} name="Fork…" hindered={hindered} />
          {going.includes(status) && <OrderButton order={order} what={{ do: "cancel" }} name="Cancel…" hindered={hindered} isGrave />}
          {hindered !== undefined && <p class="quiet small why">{hindered}</p>}
        </div>
      )}
      {archivedAt !== undefined && (
        <p class="notice">
          It was archived <Time at={archivedAt} />: its page is answered from the log, and it cannot be restarted or forked.
          {keptUntil != null && (
            <>
              {" "}
              The page goes <Time at={keptUntil} />.
            </>
          )}
        </p>
      )}
      {unreachable?.map(({ receiver, error: why }) => (
        <p key={receiver} class="notice" role="alert">
          {receiver} cannot be reached: {why}. What only that object knows is left out.
        </p>
      ))}
      {error && (
        <p class="notice" role="alert">
          {error.message} What you see is as it was read before.
        </p>
      )}
      {gaps
        .filter(({ part }) => part === "events")
        .map(({ why }) => (
          <p key={why} class="notice">
            Part of what was said is missing: {why}
          </p>
        ))}
    </header>
  );
}

interface OrderButtonProps extends Pick<HeadProps, "order" | "hindered"> {
  what: Order;
  name: string;
  isGrave?: boolean;
}

function OrderButton({ what, name, hindered, order, isGrave = false }: OrderButtonProps) {
  return (
    <button type="button" class={isGrave ? "grave" : ""} disabled={hindered !== undefined} title={hindered} onClick={() => order(what)}>
      {name}
    </button>
  );
}
