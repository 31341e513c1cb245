/** A file with the numbers of its lines, and under each what the compiler says of it, with carets. Nothing in it is markup. */
import { useState } from "preact/hooks";
import { type Finding, listSourceLines } from "../data/source-lines.ts";

/** Lines that are shown at once: more than anybody reads, and less than what makes a page slow. */
const shownAtOnce = 1_000;

export function SourceView({ text, findings, label }: { text: string; findings: readonly Finding[]; label: string }) {
  const [whole, setWhole] = useState(false);
  const lines = listSourceLines(text, findings);
  const last = Math.max(shownAtOnce, ...findings.map(({ line }) => line + 5));
  const shown = whole ? lines : lines.slice(0, last);
  return (
    <div class="json">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="json-text source" tabIndex={0} aria-label={label}>
        {shown.map(({ number, text: line, findings: said }) => (
          <div key={number} class={said.length > 0 ? `source-line source-${said[0]?.severity}` : "source-line"} id={`line-${number}`}>
            <span class="source-number" aria-hidden="true">
              {number}
            </span>
            <div>
              <code>{line === "" ? " " : line}</code>
              {said.map(({ code, severity, message, hint, column, length }) => (
                <p key={`${code} ${column} ${message}`} class="source-finding">
                  <span class="carets" aria-hidden="true">
                    {" ".repeat(column)}
                    {"^".repeat(length)}
                  </span>
                  <span class="source-said">
                    <strong>
                      {severity} {code}
                    </strong>
                    <span class="hidden"> in line {number}</span>: {message}
                    {hint !== undefined && <span class="quiet"> {hint}</span>}
                  </span>
                </p>
              ))}
            </div>
          </div>
        ))}
      </section>
      {shown.length < lines.length && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {lines.length.toLocaleString()} lines
        </button>
      )}
    </div>
  );
}
