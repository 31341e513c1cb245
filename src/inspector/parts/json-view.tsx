/** A value that somebody sent, as text. Nothing in it is ever markup, whatever it says. */
import { useState } from "preact/hooks";
import { listArtifactLinks } from "../data/artifact-links.ts";

/** Characters that are shown at once: more than anybody reads, and less than what makes a page slow. */
const shownAtOnce = 20_000;

export function JsonView({ value, label }: { value: unknown; label: string }) {
  const [whole, setWhole] = useState(false);
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "nothing");
  const isCut = !whole && text.length > shownAtOnce;
  return (
    <div class="json">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="json-text" tabIndex={0} aria-label={label}>
        <pre>{isCut ? text.slice(0, shownAtOnce) : text}</pre>
      </section>
      {listArtifactLinks(value).map(({ href, label: called }) => (
        <p key={href}>
          <a href={href} download>
            {called}
          </a>
        </p>
      ))}
      {isCut && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {text.length.toLocaleString()} characters
        </button>
      )}
    </div>
  );
}
