/** What publishing would change, as people read it. */
import type { ThreadVerdict } from "../../../compile/compare/judge-thread.ts";
import type { Styler } from "../check/render-diagnostic.ts";
import type { Style } from "../terminal.ts";
import type { JudgedRevision, JudgedThread, Publication } from "./judge-publish.ts";

const words: Record<ThreadVerdict, [text: string, style: Style]> = {
  safe: ["safe", "green"],
  mapping: ["needs mapping", "yellow"],
  blocked: ["blocked", "red"],
};

/** Renders what publishing a file would do. */
export function renderPublication(file: string, { revision, published, revisions }: Publication, style: Styler): string {
  const now =
    published === revision ? "is published as it is" : published === null ? "is not published yet" : `would replace ${short(published)}`;
  const head = `${style("bold", file)} ${short(revision)} ${now}`;
  if (revisions.length === 0) return head;
  return [
    head,
    "  threads that run keep their revision; with this one they could go on, by `nerveflare fork --revision`, as follows:",
    ...revisions.flatMap((each) => renderRevision(each, style)),
  ].join("\n");
}

function renderRevision({ revision, threads, verdict, looked }: JudgedRevision, style: Styler): string[] {
  const count = `${threads} ${threads === 1 ? "thread" : "threads"}`;
  if (verdict === undefined) return [`  ${short(revision)}  ${count}: its file does not compile any more, so nothing can be said`];
  const [text, colour] = words[verdict];
  const rest = threads - looked.length;
  return [
    `  ${short(revision)}  ${count}: ${style(colour, text)}${countRest(looked, verdict)}`,
    ...looked.flatMap((each) => {
      if (each.verdict === "safe") return [];
      const [word, own] = words[each.verdict];
      return [`    ${each.thread} ${style(own, word)}: ${each.why}`, ...(each.hint === undefined ? [] : [`      ${each.hint}`])];
    }),
    ...(rest > 0 ? [`    ${rest} more ${rest === 1 ? "was" : "were"} not looked at`] : []),
  ];
}

/** Of threads that are not all alike, how many are otherwise than the worst. */
function countRest(looked: readonly JudgedThread[], worst: ThreadVerdict): string {
  const kinds = (Object.keys(words) as ThreadVerdict[]).reverse().filter((verdict) => looked.some((each) => each.verdict === verdict));
  if (kinds.length < 2) return "";
  const counts = kinds.map(
    (verdict) => `${looked.filter((each) => each.verdict === verdict).length} ${verdict === worst ? "of them" : words[verdict][0]}`,
  );
  return ` (${counts.join(", ")})`;
}

function short(revision: string): string {
  return revision.slice(0, 8);
}
