/** Puts a thread's page together. */
import { useMemo, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { serverNow } from "../../data/clock.ts";
import { mayOperate, session } from "../../data/session.ts";
import type { ThreadAction } from "../../data/story/explained-action.ts";
import { listLeaseLines } from "../../data/story/lease-lines.ts";
import type { Moment } from "../../data/story/moment.ts";
import { listActive, type Scene } from "../../data/story/scene.ts";
import type { Story, Way } from "../../data/story/story.ts";
import type { ThreadFeed } from "../../data/thread-feed.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { Chart } from "./chart.tsx";
import { CopyMachine } from "./copy-machine.tsx";
import { ExplainPanel } from "./explain-panel.tsx";
import type { Compiled, Drawing } from "./layout.ts";
import { LeasesPanel } from "./leases-panel.tsx";
import { MessagesPanel } from "./messages-panel.tsx";
import { type Order, OrderDialog } from "./order-dialog.tsx";
import { ScenePanel } from "./scene-panel.tsx";
import { Scrubber } from "./scrubber.tsx";
import { SequencePanel } from "./sequence-panel.tsx";
import { ThreadHead } from "./thread-head.tsx";
import { TracePanel } from "./trace-panel.tsx";
import { useFeed } from "./use-feed.ts";

const ended = ["completed", "failed", "cancelled", "dropped"];

export function ThreadBody({ id }: { id: string }) {
  const feed = useFeed(id);
  const { route } = useLocation();
  const [order, setOrder] = useState<Order | undefined>(undefined);
  const view = feed.view.value;
  const error = feed.error.value;
  if (view === undefined)
    return error ? <ErrorState error={error} retry={() => void feed.refresh()} /> : <LoadingState what="the thread" />;
  const hindered = findHindrance(view.archivedAt !== undefined);
  const act = (action: ThreadAction) => {
    if (action.do === "role") setOrder({ do: "role", role: action.role, holder: view.roles[action.role]?.agent });
    else if (action.do !== "open" && action.do !== "copy") setOrder({ do: action.do });
  };
  const isOperator = session.value.state === "in" && session.value.kind === "operator";
  return (
    <div class="thread">
      <ThreadHead view={view} error={error} gaps={feed.gaps.value} hindered={hindered} isOperator={isOperator} order={setOrder} />
      <ThreadTime feed={feed} order={setOrder} act={act} hindered={hindered} isLive={!ended.includes(view.status)} />
      {order && (
        <OrderDialog
          thread={id}
          // Whoever holds the role by now, however long the dialog stands open.
          order={order.do === "role" ? { ...order, holder: view.roles[order.role]?.agent } : order}
          close={(path) => {
            setOrder(undefined);
            void feed.refresh();
            if (path !== undefined) route(path);
          }}
        />
      )}
    </div>
  );
}

/** Why nothing can be ordered; undefined: it can. */
function findHindrance(isArchived: boolean): string | undefined {
  if (isArchived) return "The thread is archived: it can be looked at, and not be changed any more.";
  const now = session.value;
  if (mayOperate()) return undefined;
  if (now.state === "in" && now.kind === "agent") return "Only an operator orders a thread. What is your turn, you answer under My turns.";
  return "Your token may only read.";
}

interface TimeProps {
  feed: ThreadFeed;
  order(order: Order): void;
  act(action: ThreadAction): void;
  hindered: string | undefined;
  isLive: boolean;
}

/** All that depends on the moment that is shown. */
function ThreadTime({ feed, order, act, hindered, isLive }: TimeProps) {
  // Not its place, which is another once something is read that went before it.
  const [seen, setSeen] = useState<Moment | null>(null);
  const { story, explanation, machines, gaps, loading } = feed;
  const version = feed.version.value;
  const moments = story.moments();
  const place = useMemo(() => (seen === null ? null : story.placeMoment(seen)), [seen, moments]);
  const go = (next: number | null) => setSeen(next === null ? null : (moments[next] ?? null));
  const now = place ?? moments.length - 1;
  const scene = story.at(now);
  const chart = useMemo(() => machines.value as Compiled | undefined, [machines.value]);
  const gap = (part: string) => gaps.value.find((each) => each.part === part)?.why;
  const lines = useMemo(() => listLeaseLines(moments), [moments]);
  // At the end nothing is hidden that was read since.
  const messages = place === null ? story.messages() : story.messages().slice(0, story.countMessages(now));
  const change =
    hindered === undefined ? (role: string) => order({ do: "role", role, holder: feed.view.value?.roles[role]?.agent }) : undefined;
  if (moments.length === 0 && loading.value) return <LoadingState what="its history" />;
  return (
    <>
      {explanation.value && place === null && <ExplainPanel explanation={explanation.value} act={act} hindered={hindered} />}
      <Scrubber moments={moments} place={place} go={go} isLive={isLive} />
      <div class="stage">
        {chart ? (
          <ThreadChart thread={feed.id} compiled={chart} story={story} scene={scene} now={now} />
        ) : (
          <section class="panel chart" aria-label="Chart">
            {gap("machines") === undefined ? (
              <LoadingState what="the chart" />
            ) : (
              <p class="quiet pad">The chart is not shown: {gap("machines")}</p>
            )}
          </section>
        )}
        <ScenePanel scene={scene} gap={gap("history")} changeRole={isLive ? change : undefined} />
      </div>
      <Tabs
        label="What happened"
        tabs={[
          {
            key: "messages",
            name: `Steps (${messages.length.toLocaleString()})`,
            show: () => (
              <MessagesPanel
                messages={messages}
                visit={({ round }) => go(Math.max(0, story.placeMessage(round)))}
                order={(what, step) => order({ do: what, step })}
                hindered={hindered}
              />
            ),
          },
          {
            key: "sequence",
            name: "Sequence",
            show: () => <SequencePanel moments={place === null ? moments : moments.slice(0, now + 1)} roles={nameRoles(scene)} go={go} />,
          },
          {
            key: "leases",
            name: "Leases",
            show: () => (
              <LeasesPanel
                lines={lines}
                from={moments[0]?.at ?? 0}
                to={isLive ? Math.max(serverNow.value, moments.at(-1)?.at ?? 0) : (moments.at(-1)?.at ?? 0)}
                at={scene.at}
                go={go}
              />
            ),
          },
          { key: "trace", name: "Trace", show: () => <TracePanel thread={feed.id} version={version} now={scene.at} /> },
        ]}
      />
    </>
  );
}

function nameRoles({ leases }: Scene): Map<string, string> {
  const roles = new Map<string, string>();
  for (const [role, { agent }] of Object.entries(leases))
    if (agent !== null) roles.set(agent, [roles.get(agent), role].filter(Boolean).join(", "));
  return roles;
}

function nameWay({ from, to, edge }: Way): string[] {
  return edge === null ? [`${from} → ${to}`] : [`${from} ${edge}`, `${from} → ${to}`];
}

interface ChartProps {
  thread: string;
  compiled: Compiled;
  story: Story;
  scene: Scene;
  /** The scene's place. */
  now: number;
}

function ThreadChart({ thread, compiled, story, scene, now }: ChartProps) {
  const ways = story.ways().slice(0, story.countWays(now));
  const taken = new Map<string, number>();
  for (const way of ways) {
    const [name = ""] = nameWay(way);
    taken.set(name, (taken.get(name) ?? 0) + 1);
  }
  const last = ways.at(-1);
  const active = (drawing: Drawing): ReadonlySet<string> =>
    drawing === "graph"
      ? new Set([scene.place, ...(scene.status === "suspended" ? ["$suspended"] : [])])
      : new Set(listActive(scene[drawing]));
  return (
    <Chart
      compiled={compiled}
      active={active}
      taken={taken}
      last={last && nameWay(last)[0]}
      tools={(drawing) => (
        <CopyMachine thread={thread} compiled={compiled} scene={scene} machine={drawing === "graph" ? "task" : drawing} />
      )}
    />
  );
}
