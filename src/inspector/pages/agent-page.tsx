/** One agent: whether it is there, what it holds and may do, and what it accepts. */
import { useRoute } from "preact-iso";
import { beyondAll, read } from "../data/api.ts";
import { listTurns } from "../data/list-turns.ts";
import { useRereading } from "../data/use-rereading.ts";
import { useResource } from "../data/use-resource.ts";
import { JsonView } from "../parts/json-view.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";

export default function AgentPage() {
  const id = useRoute().params["id"] ?? "";
  const name = encodeURIComponent(id);
  const shown = useResource(
    async (signal) => {
      const [agent, accepts, threads, said] = await Promise.all([
        read<"agentWithPresence">(`/v1/agents/${name}`, { signal }),
        read<"schemas">("/v1/schemas", { query: { agent: id, limit: 200 }, signal }),
        read<"threads">("/v1/threads", { query: { agent: id, limit: 50 }, signal }),
        read<"log">("/v1/events", { query: { source: `/agents/${id}`, type: "nerve.turn.*", before: beyondAll, limit: 100 }, signal }),
      ]);
      return { agent, accepts: accepts.schemas, threads: threads.threads, turns: listTurns(said.events) };
    },
    [id],
  );
  const own = `/agents/${id}`;
  useRereading(shown.reload, ({ event }) => event.source === own || (typeof event.to === "string" && event.to.includes(own)));
  if (shown.loading) return <LoadingState what={id} />;
  if (shown.value === undefined) return shown.error ? <ErrorState error={shown.error} retry={shown.reload} /> : null;
  const { agent, accepts, threads, turns } = shown.value;
  const { presence } = agent;
  return (
    <>
      <h1>{id}</h1>
      <section class="panel" aria-label="What it is">
        <dl class="facts">
          <dt>Presence</dt>
          <dd>
            <StateBadge state={presence.state} /> {presence.lastSignAt !== null && <Time at={presence.lastSignAt} />}
          </dd>
          <dt>Connections</dt>
          <dd>
            {presence.connections}
            {(presence.clients ?? 0) > 1 && ` of ${presence.clients} processes, which share its token`}
          </dd>
          <dt>Load</dt>
          <dd>
            {presence.used} of {presence.slots ?? "any number of"} slots taken, {presence.seats} roles held
          </dd>
          <dt>Can do</dt>
          <dd>{agent.capabilities.join(", ") || "nothing that is named"}</dd>
          <dt>Roles it may have</dt>
          <dd>{agent.roles?.join(", ") ?? "all"}</dd>
          <dt>Kinds it may send</dt>
          <dd>{agent.kinds?.join(", ") ?? "all"}</dd>
        </dl>
      </section>
      <section class="panel" aria-label="Roles that it holds">
        <h2>Holds</h2>
        {(presence.roles ?? []).length === 0 && <p class="quiet">No role.</p>}
        <ul class="plain">
          {presence.roles?.map(({ thread, workflow, role, since }) => (
            <li key={`${thread} ${role}`}>
              <strong>{role}</strong> of <a href={`/ui/threads/${thread}`}>{workflow}</a>{" "}
              <span class="quiet">
                for <Time at={since} as="for" />
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section class="panel" aria-label="Its last turns">
        <h2>Last turns</h2>
        {turns.length === 0 && <p class="quiet">It has answered none of late.</p>}
        <ul class="plain">
          {turns.map(({ position, thread, what, tone, said, at }) => (
            <li key={position}>
              <StateBadge state={what} tone={tone} /> {said} <a href={`/ui/threads/${thread}`}>in its thread</a> <Time at={at} />
            </li>
          ))}
        </ul>
      </section>
      <section class="panel" aria-label="Its threads">
        <h2>Threads</h2>
        {threads.length === 0 && <p class="quiet">It has taken part in none.</p>}
        <ul class="plain">
          {threads.map(({ id: thread, workflow, status, updatedAt }) => (
            <li key={thread}>
              <StateBadge state={status} /> <a href={`/ui/threads/${thread}`}>{workflow}</a> <Time at={updatedAt} />
            </li>
          ))}
        </ul>
      </section>
      <section class="panel" aria-label="What it accepts">
        <h2>Accepts</h2>
        {accepts.length === 0 && <p class="quiet">It has named no kinds.</p>}
        {accepts.map(({ kind, schema }) => (
          <details key={kind}>
            <summary>{kind}</summary>
            <JsonView value={schema} label={`Schema of ${kind}`} />
          </details>
        ))}
      </section>
    </>
  );
}
