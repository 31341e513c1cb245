/** Where a person writes the answer to a turn: a choice of what it is, the fields of that, or the whole as JSON. Kept as a draft until it is sent. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { lazy } from "preact-iso";
import type { JsonSchema, Misfit } from "../../../contract/json-schema/check-schema.ts";
import type { TurnAssigned } from "../../../contract/kinds/turn.ts";
import { say } from "../../data/answer-turn.ts";
import { describeRefusal, type Refusal } from "../../data/describe-refusal.ts";
import type { Draft } from "../../data/drafts.ts";
import { drafts } from "../../data/kept-drafts.ts";
import { type FormPart, judgeAnswer, makeOutput, nameStatus, type Output, planForm, readRaw, sketchAnswer } from "../../data/plan-form.ts";
import { makeRandomId } from "../../data/random-id.ts";
import { answeredElsewhere, sayAnswered } from "../../data/say-answered.ts";

const SchemaForm = lazy(() => import("./schema-form.tsx"));

interface AnswerFormProps {
  turn: TurnAssigned;
  account: string;
  /** It was taken, or never will be. */
  done(end: { output: Output } | { refusal: Refusal }): void;
  /** What is written so far, for whoever tells how far the turn is. */
  wrote(output: Output): void;
}

export function AnswerForm({ turn, account, done, wrote }: AnswerFormProps) {
  const schema = turn.role.schema as JsonSchema | null;
  const plan = useMemo(() => planForm(schema), [schema]);
  const kept = useMemo(() => drafts.read(account, turn.turn), [account, turn.turn]);
  const parts = plan.kind === "form" ? plan.parts : [];
  const [draft, setDraft] = useState<Draft>(() => kept ?? beginDraft(schema, plan.kind === "form" ? parts : undefined));
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [attempted, setAttempted] = useState(false);
  const [sending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const [isKept, setIsKept] = useState(true);
  /** The same words are the same event, so that an answer that was lost is sent again and not twice. */
  const sent = useRef<{ text: string; id: string } | undefined>(undefined);
  const summary = useRef<HTMLDivElement>(null);

  const isForm = plan.kind === "form" && draft.mode === "form";
  const part = isForm ? parts.find(({ status }) => status === draft.status) : undefined;
  const read = isForm ? { output: makeOutput(draft.status, draft.fields) } : readRaw(draft.raw);
  const misfits: Misfit[] = "error" in read ? [{ path: "", message: read.error }] : judgeAnswer(schema, read.output);
  const shown =
    attempted || !isForm ? misfits : misfits.filter(({ path }) => [...left].some((each) => path === each || path.startsWith(`${each}/`)));

  useEffect(() => {
    if ("output" in read) wrote(read.output);
  }, [draft]);

  function change(changed: Partial<Draft>): void {
    const next = { ...draft, ...changed, at: Date.now() };
    setDraft(next);
    setIsKept(drafts.keep(account, turn.turn, next));
  }

  function switchMode(): void {
    if (isForm) change({ mode: "raw", raw: JSON.stringify(makeOutput(draft.status, draft.fields), null, 2) });
    else if ("output" in read) {
      const { $status, ...fields } = read.output;
      change({ mode: "form", status: typeof $status === "string" ? $status : (parts[0]?.status ?? null), fields });
    }
  }

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    setAttempted(true);
    setRefusal(undefined);
    if (misfits.length > 0 || "error" in read) {
      requestAnimationFrame(() => summary.current?.focus());
      return;
    }
    const text = JSON.stringify(read.output);
    if (sent.current?.text !== text) sent.current = { text, id: makeRandomId() };
    setSending(true);
    try {
      await say("nerve.turn.respond", { turn: turn.turn, lease: turn.lease.generation, output: read.output }, sent.current.id);
      drafts.drop(account, turn.turn);
      sayAnswered(turn.turn);
      done({ output: read.output });
    } catch (error) {
      const found = describeRefusal(error);
      if (found.over) done({ refusal: found });
      else setRefusal(found);
      requestAnimationFrame(() => summary.current?.focus());
    } finally {
      setSending(false);
    }
  }

  return (
    <form class="answer" onSubmit={(event) => void send(event)} noValidate aria-label="Your answer">
      <div class="answer-head">
        <h2>Your answer</h2>
        {plan.kind === "form" && (
          <button type="button" onClick={switchMode} disabled={!isForm && "error" in read}>
            {isForm ? "Write it as JSON" : "Back to the form"}
          </button>
        )}
      </div>
      {answeredElsewhere.value.has(turn.turn) && (
        <p class="notice" role="alert">
          You answered this turn in another tab, and that answer counts. What is written here stays, and cannot be sent any more.
        </p>
      )}
      {plan.kind === "raw" && <p class="quiet">{plan.why} Write the answer as JSON; it is judged as you type.</p>}
      {(refusal !== undefined || (attempted && shown.length > 0)) && (
        <div class="refusal" role="alert" tabIndex={-1} ref={summary}>
          <strong>{refusal?.title ?? "The answer does not fit yet"}</strong>
          {refusal !== undefined ? <p>{refusal.text}</p> : isForm ? <Misfits list={shown} /> : <p>What is wrong stands below it.</p>}
        </div>
      )}
      {isForm ? (
        <>
          {parts.length > 1 && <Choice parts={parts} chosen={draft.status} choose={(status) => change({ status })} />}
          {part && Object.keys(part.schema.properties as object).length > 0 && (
            <SchemaForm
              key={part.status ?? ""}
              schema={part.schema}
              value={draft.fields}
              misfits={shown}
              disabled={sending}
              change={(fields) => change({ fields })}
              leave={(pointer) => setLeft((before) => new Set(before).add(pointer))}
            />
          )}
        </>
      ) : (
        <RawAnswer text={draft.raw} misfits={misfits} schema={schema} change={(raw) => change({ raw })} />
      )}
      <div class="buttons">
        <span class="quiet" role="status">
          {isKept ? (kept || draft.at > 0 ? "Draft kept in this browser" : "") : "This browser keeps no draft"}
        </span>
        <button type="submit" class="primary" disabled={sending}>
          {sending ? "Sending…" : "Send answer"}
        </button>
      </div>
    </form>
  );
}

function beginDraft(schema: JsonSchema | null, parts: FormPart[] | undefined): Draft {
  const status = parts?.length === 1 ? (parts[0]?.status ?? null) : null;
  return { at: 0, mode: parts ? "form" : "raw", status, fields: {}, raw: sketchAnswer(schema) };
}

function Choice({ parts, chosen, choose }: { parts: FormPart[]; chosen: string | null; choose(status: string): void }) {
  return (
    <fieldset class="answer-choice">
      <legend>What is your answer?</legend>
      {parts.map(({ status, title }) => (
        <label key={status} class={status === chosen ? "chosen" : ""}>
          <input type="radio" name="status" value={status ?? ""} checked={status === chosen} onChange={() => choose(status ?? "")} />
          <span>{title ?? nameStatus(status ?? "")}</span>
        </label>
      ))}
    </fieldset>
  );
}

function RawAnswer({
  text,
  misfits,
  schema,
  change,
}: {
  text: string;
  misfits: readonly Misfit[];
  schema: JsonSchema | null;
  change(text: string): void;
}) {
  return (
    <div class="raw">
      <label for="raw-answer">Answer as JSON</label>
      <textarea
        id="raw-answer"
        rows={12}
        spellcheck={false}
        value={text}
        aria-invalid={misfits.length > 0}
        aria-describedby="raw-misfits"
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <div id="raw-misfits" aria-live="polite">
        {misfits.length > 0 ? <Misfits list={misfits} /> : <p class="fits">✓ It fits the role's schema.</p>}
      </div>
      {schema !== null && (
        <details>
          <summary>The role's schema</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre class="schema" tabIndex={0}>
            {JSON.stringify(schema, null, 2)}
          </pre>
        </details>
      )}
    </div>
  );
}

function Misfits({ list }: { list: readonly Misfit[] }) {
  return (
    <ul class="misfits">
      {list.map(({ path, message }) => (
        <li key={`${path} ${message}`}>
          {path !== "" && <code>{path.slice(1)}</code>} {message}
        </li>
      ))}
    </ul>
  );
}
