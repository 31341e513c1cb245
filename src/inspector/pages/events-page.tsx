/** The log: asked by what is in the address, and followed. */

import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { LogEntry } from "../../contract/views/log.ts";
import { beyondAll, read } from "../data/api.ts";
import { live } from "../data/live-log.ts";
import { joinTail, takeFitting } from "../data/log-filter.ts";
import { findThread } from "../data/threads-model.ts";
import { usePages } from "../data/use-pages.ts";
import { FilterBar, TextFilter } from "../parts/filters.tsx";
import { JsonView } from "../parts/json-view.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { type Column, VirtualTable } from "../parts/virtual-table.tsx";

export default function EventsPage() {
  const { type, source, correlationid } = useLocation().query;
  const filter = { type, source, correlationid };
  const key = JSON.stringify(filter);
  const [shown, show] = useState<LogEntry>();
  const [tail, setTail] = useState<{ of: string; entries: LogEntry[] }>({ of: key, entries: [] });
  useEffect(
    () =>
      live.listen((entries) => {
        const fitting = takeFitting(entries, JSON.parse(key) as typeof filter);
        if (fitting.length > 0) setTail((before) => ({ of: key, entries: joinTail(before.of === key ? before.entries : [], fitting) }));
      }),
    [key],
  );
  const log = usePages(
    async (before, signal) => {
      const query = { ...filter, before: before ?? beyondAll, limit: 200 };
      const { events, next } = await read<"log">("/v1/events", { query, signal });
      return { items: events.toSorted((a, b) => b.position - a.position), next };
    },
    [key],
  );
  const newest = log.items[0]?.position ?? 0;
  const rows = [...(tail.of === key ? tail.entries.filter(({ position }) => position > newest) : []), ...log.items];
  const thread = shown && findThread(shown.event);
  const columns: Column<LogEntry>[] = [
    {
      key: "time",
      header: "When",
      width: "8rem",
      narrowWidth: "7rem",
      cell: ({ event }) => <Time at={event.time ?? ""} as="clock" />,
    },
    {
      key: "type",
      header: "Kind",
      width: "minmax(10rem, 1fr)",
      narrowWidth: "minmax(0, 1fr)",
      cell: (entry) => (
        <button type="button" class="link" aria-expanded={shown === entry} onClick={() => show(shown === entry ? undefined : entry)}>
          {entry.event.type}
        </button>
      ),
    },
    { key: "source", header: "Who", width: "minmax(8rem, 1fr)", cell: ({ event }) => event.source, wideOnly: true },
    {
      key: "thread",
      header: "Thread",
      width: "minmax(8rem, 17rem)",
      cell: ({ event }) => {
        const thread = findThread(event);
        return thread === undefined ? (
          ""
        ) : (
          <a class="id" href={`/ui/threads/${encodeURIComponent(thread)}`}>
            {thread}
          </a>
        );
      },
      wideOnly: true,
    },
  ];
  return (
    <>
      <h1>Events</h1>
      <FilterBar>
        <TextFilter name="type" label="Kind" example="pr.*" />
        <TextFilter name="source" label="Who" example="/agents/bob" />
        <TextFilter name="correlationid" label="Thread" />
      </FilterBar>
      {log.error !== undefined && <ErrorState error={log.error} retry={log.reload} />}
      {log.loading && log.error === undefined && <LoadingState what="the log" />}
      {rows.length > 0 && (
        <VirtualTable label="Events" columns={columns} rows={rows} rowKey={({ position }) => String(position)} onEnd={log.more} />
      )}
      {!log.loading && log.error === undefined && rows.length === 0 && (
        <EmptyState title="No event fits">What is posted from now on appears here by itself.</EmptyState>
      )}
      {shown !== undefined && (
        <section class="panel" aria-label="The event">
          <div class="panel-head">
            <h2>{shown.event.type}</h2>
            <button type="button" onClick={() => show(undefined)}>
              Close
            </button>
          </div>
          <p>
            <Time at={shown.event.time ?? ""} as="clock" /> {shown.event.source}
            {thread !== undefined && (
              <>
                , <a href={`/ui/threads/${encodeURIComponent(thread)}`}>its thread</a>
              </>
            )}
          </p>
          <JsonView value={shown.event} label={`The event ${shown.event.id}`} />
        </section>
      )}
    </>
  );
}
