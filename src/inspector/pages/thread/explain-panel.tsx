/** Why a thread stands where it stands, in plain words, and what moves it on. */
import { Fragment } from "preact";
import type { Answer } from "../../../contract/http/answers.ts";
import { readAction, type ThreadAction } from "../../data/story/explained-action.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Time } from "../../parts/time.tsx";

interface ExplainProps {
  explanation: Answer<"explanation">;
  act(action: ThreadAction): void;
  /** Why nothing can be ordered; undefined: it can. */
  hindered: string | undefined;
}

export function ExplainPanel({ explanation, act, hindered }: ExplainProps) {
  const { waits, unfilled, withdrawn, queue, thread } = explanation;
  // Who reads this looks at the thread already.
  const run = (explanation.run ?? []).filter((command) => command !== `nerveflare threads show ${thread}`);
  const [first] = run;
  return (
    <section class="panel explain" aria-label="Why it stands here">
      <h2>Why it stands here</h2>
      {waits.length === 0 && <p>It waits for nothing: it is {explanation.status}.</p>}
      {waits.map((wait) => (
        <p key={`${wait.for} ${wait.role ?? ""} ${wait.text}`}>
          <strong>{wait.text}</strong>, for <Time at={wait.since} as="for" />
          {wait.until !== undefined && (
            <>
              {"; ends "}
              <Time at={wait.until} />
            </>
          )}
          . <span class="quiet">Then: {wait.then}.</span>
        </p>
      ))}
      {queue && (
        <p>
          {queue.place === null
            ? "It is not in the queue."
            : `It is number ${queue.place} of ${queue.queued} in the queue; ${queue.running} run.`}
        </p>
      )}
      {withdrawn && <p>Its workflow is not published any more: it goes on under its own revision, and no other thread begins.</p>}
      {unfilled.map((role) => (
        <details key={role.role} open={unfilled.length === 1}>
          <summary>
            Nobody holds <strong>{role.role}</strong>: {role.state}
          </summary>
          {role.offer && (
            <p class="quiet">
              Offered <Time at={role.offer.opened} /> to {role.offer.offered}, of whom {role.offer.answered} answered
              {role.offer.closed === null ? (
                <>
                  ; it closes <Time at={role.offer.expires} />.
                </>
              ) : (
                `; closed: ${role.offer.closed}.`
              )}
            </p>
          )}
          <ul class="reasons">
            {groupReasons(role.agents).map(({ code, why, agents }) => (
              <li key={`${code} ${why}`}>
                <span class="tag">{code.replaceAll("_", " ")}</span> {why}:{" "}
                {agents.map((agent, index) => (
                  <Fragment key={agent}>
                    {index > 0 && ", "}
                    <a href={`/ui/agents/${encodeURIComponent(agent)}`}>{agent}</a>
                  </Fragment>
                ))}
              </li>
            ))}
            {role.agents.length === 0 && <li>No agent is registered that could be asked.</li>}
            {role.others && <li>{role.others.count} others are not listed.</li>}
          </ul>
        </details>
      ))}
      {first !== undefined && (
        <div class="run">
          {run.map((command) => (
            <Command key={command} command={command} act={act} hindered={hindered} isFirst={command === first} />
          ))}
        </div>
      )}
    </section>
  );
}

/** The same reason is told once, with all whom it keeps from the role. */
function groupReasons(agents: readonly { agent: string; code: string; why: string }[]) {
  const groups = new Map<string, { code: string; why: string; agents: string[] }>();
  for (const { agent, code, why } of agents) {
    const key = `${code} ${why}`;
    const group = groups.get(key) ?? { code, why, agents: [] };
    group.agents.push(agent);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const deeds = { resume: "Resume it…", suspend: "Suspend it…", cancel: "Cancel it…", restart: "Restart it…" } as const;

interface CommandProps extends Pick<ExplainProps, "act" | "hindered"> {
  command: string;
  isFirst: boolean;
}

function Command({ command, act, hindered, isFirst }: CommandProps) {
  const action = readAction(command);
  const style = isFirst ? "primary" : "";
  return (
    <div class="run-line">
      {action.do === "open" ? (
        <a class={`button ${style}`} href={action.path}>
          {action.label}
        </a>
      ) : action.do === "copy" ? (
        <CopyButton what="the command" text={() => command} style={style} />
      ) : (
        <button type="button" class={style} disabled={hindered !== undefined} title={hindered} onClick={() => act(action)}>
          {action.do === "role" ? `Give ${action.role} to an agent…` : deeds[action.do]}
        </button>
      )}
      <code>{command}</code>
    </div>
  );
}
