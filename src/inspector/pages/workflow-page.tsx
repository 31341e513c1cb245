/** One workflow: its source, its revisions, its queue, and how its threads fare. */
import { useRef } from "preact/hooks";
import { useRoute } from "preact-iso";
import type { Answer } from "../../contract/http/answers.ts";
import type { RevisionEntry } from "../../contract/views/admission.ts";
import { ApiError, read } from "../data/api.ts";
import { checkSource } from "../data/check-source.ts";
import { isOfWorkflow, tellFigures } from "../data/figures.ts";
import { useRereading } from "../data/use-rereading.ts";
import { useResource } from "../data/use-resource.ts";
import { SourceView } from "../parts/source-view.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { Chart } from "./thread/chart.tsx";
import type { Compiled } from "./thread/layout.ts";

/** Of a picture that is of no thread. */
const nothing = () => new Set<string>();
const untaken = new Map<string, number>();

export default function WorkflowPage() {
  const name = useRoute().params["name"] ?? "";
  const path = `/v1/workflows/${encodeURIComponent(name)}`;
  /** By their revision, for they are read once: of another object the picture is laid out anew. */
  const machines = useRef<{ of?: string; read?: Answer<"machines"> }>({});
  const shown = useResource(
    async (signal) => {
      const [workflow, revisions, threads] = await Promise.all([
        read<"workflow">(path, { signal }),
        read<"revisions">(`${path}/revisions`, { signal }),
        read<"threads">("/v1/threads", { query: { workflow: name, limit: 200 }, signal }),
      ]);
      const of = `${name} ${workflow.revision}`;
      if (machines.current.of !== of) machines.current = { of, read: await read<"machines">(`${path}/machines`, { signal }) };
      return { workflow, revisions: revisions.revisions, threads: threads.threads };
    },
    [name],
  );
  useRereading(shown.reload, isOfWorkflow(name));
  const chart = machines.current.read as Compiled | undefined;
  if (shown.loading) return <LoadingState what={name} />;
  if (shown.error?.code === "not_found") return <Withdrawn name={name} error={shown.error} />;
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
            {workflow.running} of {workflow.concurrency ?? "any number"}, {workflow.queued.length} queued
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
      <Revisions revisions={revisions} />
      <Source name={name} text={workflow.source} />
    </>
  );
}

function Revisions({ revisions }: { revisions: readonly RevisionEntry[] }) {
  return (
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
  );
}

/** The file, with what the compiler says of it beside its lines. */
function Source({ name, text }: { name: string; text: string }) {
  const checked = useResource((signal) => checkSource(text, signal), [name, text]);
  const findings = checked.value ?? [];
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const said = [count(errors, "error"), count(findings.length - errors, "warning")].filter(Boolean).join(", ");
  return (
    <section class="panel" aria-label="Its source">
      <h2>Source</h2>
      <p class="quiet" role="status">
        {checked.error !== undefined
          ? `It was not checked: ${checked.error.message}`
          : checked.loading
            ? "The compiler reads it…"
            : said === ""
              ? "The compiler finds nothing to say of it."
              : `The compiler says: ${said}.`}
      </p>
      {findings.length > 0 && (
        <ul class="plain">
          {findings.map(({ code, line, column, message }) => (
            <li key={`${line} ${column} ${code} ${message}`}>
              <a href={`#line-${line + 1}`}>line {line + 1}</a> {message}
            </li>
          ))}
        </ul>
      )}
      <SourceView text={text} findings={findings} label={`Source of ${name}`} />
    </section>
  );
}

function count(number: number, what: string): string {
  return number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** A workflow that is published no more: its threads are there, and those that run go on. */
function Withdrawn({ name, error }: { name: string; error: ApiError }) {
  const threads = `/ui/threads?workflow=${encodeURIComponent(name)}`;
  const left = useResource(
    async (signal) => {
      const [going, listed] = await Promise.all([
        read<"revisions">(`/v1/workflows/${encodeURIComponent(name)}/revisions`, { signal }).catch((refused: unknown) => {
          // Without a thread that runs there is no revision to be listed.
          if (refused instanceof ApiError && refused.code === "not_found") return { revisions: [] };
          throw refused;
        }),
        read<"threads">("/v1/threads", { query: { workflow: name, limit: 200 }, signal }),
      ]);
      return { ...going, ...listed };
    },
    [name],
  );
  useRereading(left.reload, isOfWorkflow(name));
  if (left.loading) return <LoadingState what={name} />;
  if (left.value === undefined) return <ErrorState error={left.error ?? error} retry={left.reload} />;
  if (left.value.threads.length === 0) return <ErrorState error={error} />;
  const { ended, completed, median } = tellFigures(left.value.threads);
  return (
    <>
      <h1>
        {name} <StateBadge state="withdrawn" tone="waiting" />
      </h1>
      <EmptyState title="It is not published any more">
        No other thread begins. Those that run go on, each on its own revision. <a href={threads}>Show its threads</a>.
        {ended > 0 && ` Of the last ${ended} that ended ${completed} completed${median === "" ? "" : `, half of them within ${median}`}.`}
      </EmptyState>
      {left.value.revisions.length > 0 && <Revisions revisions={left.value.revisions} />}
    </>
  );
}
