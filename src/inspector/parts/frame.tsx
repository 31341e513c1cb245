/** What all pages share: the way to each, whether what is shown is live, and who is signed in. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useLocation } from "preact-iso";
import { clockFault } from "../data/clock.ts";
import { live } from "../data/live-log.ts";
import { namePage } from "../data/name-page.ts";
import { session, signOut } from "../data/session.ts";

const pages: { path: string; name: string; operators?: boolean }[] = [
  { path: "/ui/threads", name: "Threads" },
  { path: "/ui/workflows", name: "Workflows", operators: true },
  { path: "/ui/agents", name: "Agents", operators: true },
  { path: "/ui/events", name: "Events" },
  { path: "/ui/board", name: "Board", operators: true },
  { path: "/ui/turns", name: "My turns" },
];

export function Frame({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const isHere = (page: string) => path === page || path.startsWith(`${page}/`) || (path === "/ui" && page === "/ui/threads");
  const page = useRef<HTMLElement>(null);
  const shown = useRef(path);
  // Whoever plays roles is not led to what they may not see.
  const isAgent = session.value.state === "in" && session.value.kind === "agent";
  const offered = isAgent ? pages.filter(({ operators }) => !operators) : pages;
  useEffect(() => {
    document.title = namePage(path);
    if (shown.current === path) return;
    shown.current = path;
    // As if the browser had loaded another page: it begins at its top, for keyboards and screen readers too.
    page.current?.scrollTo(0, 0);
    page.current?.focus({ preventScroll: true });
  }, [path]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href="/ui/threads">
          <img src="/ui/icon.svg" alt="" width="24" height="24" /> nerveflare
        </a>
        <nav aria-label="Pages">
          {offered.map(({ path: each, name }) => (
            <a key={each} href={each} aria-current={isHere(each) ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <LiveMark />
        <Account />
      </header>
      <Notices />
      <main id="main" tabIndex={-1} ref={page}>
        {children}
      </main>
    </>
  );
}

const words = { off: "off", connecting: "connecting", live: "live", reconnecting: "reconnecting", refused: "not live" } as const;

function LiveMark() {
  const state = live.state.value;
  return (
    <span class={`live live-${state}`} role="status" title={live.reason.value}>
      <span class="dot" aria-hidden="true" /> {words[state]}
    </span>
  );
}

function Account() {
  const now = session.value;
  if (now.state !== "in") return null;
  return (
    <span class="account">
      <span title={`${now.kind}, until ${new Date(now.expires).toLocaleString()}`}>
        {now.name}
        {now.access === "read" && " (may only read)"}
      </span>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </span>
  );
}

/** What is wrong with all that a page shows, whichever it is. */
function Notices() {
  const state = live.state.value;
  const away = state === "reconnecting" || state === "refused" ? live.reason.value : undefined;
  return (
    <div class="notices" aria-live="polite">
      {away !== undefined && <p class="notice">{away} What you see may be old; the page tries again by itself.</p>}
      {clockFault.value !== undefined && <p class="notice">{clockFault.value}</p>}
    </div>
  );
}
