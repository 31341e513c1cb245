/** One workflow: its source, its revisions, its queue, and how its threads fare. */
import { useRoute } from "preact-iso";
import { read } from "../data/api.ts";
import { tellFigures } from "../data/figures.ts";
import { useResource } from "../data/use-resource.ts";
import { JsonView } from "../parts/json-view.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { Chart } from "./thread/chart.tsx";
import type { Compiled } from "./thread/layout.ts";

/** Of a picture that is of no thread. */
const nothing = () => new Set<string>();
const untaken = new Map<string, number>();

export default function WorkflowPage() {
  const name = useRoute().params["name"] ?? "";
  const shown = useResource(
    async (signal) => {
      const [workflow, machines, revisions, threads] = await Promise.all([
        read<"workflow">(`/v1/workflows/${encodeURIComponent(name)}`, { signal }),
        read<"machines">(`/v1/workflows/${encodeURIComponent(name)}/machines`, { signal }),
        read<"revisions">(`/v1/workflows/${encodeURIComponent(name)}/revisions`, { signal }),
        read<"threads">("/v1/threads", { query: { workflow: name, limit: 200 }, signal }),
      ]);
      return { workflow, machines, revisions: revisions.revisions, threads: threads.threads };
    },
    [name],
  );
  // Another object each time that it is read: the picture is laid out once for each.
  const chart = shown.value?.machines as Compiled | undefined;
  if (shown.loading) return <LoadingState what={name} />;
  if (shown.value === undefined) return shown.error ? <ErrorState error={shown.error} retry={shown.reload} /> : null;
  const { workflow, revisions, threads } = shown.value;
  const figures = tellFigures(threads);
  return (
    <>
      <h1>{name}</h1>
      <p class="quiet">{workflow.description}</p>
      <section class="panel" aria-label="How its threads fare">
        <h2>Threads</h2>
        <dl class="facts">
          <dt>Admission</dt>
          <dd>
            {workflow.paused ? (
              <>
                <StateBadge state="paused" tone="waiting" /> by {workflow.paused.by} <Time at={workflow.paused.since} />{" "}
                {workflow.paused.reason}
              </>
            ) : (
              <StateBadge state="open" tone="good" />
            )}
          </dd>
          <dt>Running</dt>
          <dd>
            {workflow.running} of {workflow.concurrency ?? "any number of"}, {workflow.queued.length} queued
          </dd>
          <dt>Ended of late</dt>
          <dd>
            {figures.ended === 0
              ? "none has ended yet"
              : `${figures.completed} of ${figures.ended} completed${figures.completed === 0 ? "" : `, half of them within ${figures.median}`}`}
          </dd>
        </dl>
        <p>
          <a href={`/ui/threads?workflow=${encodeURIComponent(name)}`}>Show its threads</a>
        </p>
      </section>
      {chart && <Chart compiled={chart} active={nothing} taken={untaken} last={undefined} />}
      <section class="panel" aria-label="Its revisions">
        <h2>Revisions</h2>
        <ul class="plain">
          {revisions.map(({ revision, published, threads: running }) => (
            <li key={revision}>
              <code>{revision.slice(0, 12)}</code> {published && <StateBadge state="published" tone="good" />}{" "}
              <span class="quiet">
                {running} {running === 1 ? "thread runs" : "threads run"} on it
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section class="panel" aria-label="Its source">
        <h2>Source</h2>
        <JsonView value={workflow.source} label={`Source of ${name}`} />
      </section>
    </>
  );
}
