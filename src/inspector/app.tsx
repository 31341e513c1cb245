/** Which page an address shows, inside the frame that all pages share. Whoever is not signed in signs in first, and lands where they meant to go. */

import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from "preact-iso";
import { live } from "./data/live-log.ts";
import { readSession, session } from "./data/session.ts";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { Frame } from "./parts/frame.tsx";
import { EmptyState, ErrorState, LoadingState } from "./parts/states.tsx";

/** A file that cannot be had, of a server that is down or of another version, stays missing until the page is loaded anew. */
const loadPage = (load: () => Promise<{ default: ComponentType }>) => lazy(() => load().catch(() => ({ default: UnloadedPage })));

// One chunk each: the first view loads what it shows.
const ThreadsPage = loadPage(() => import("./pages/threads-page.tsx"));
const ThreadPage = loadPage(() => import("./pages/thread-page.tsx"));
const WorkflowsPage = loadPage(() => import("./pages/workflows-page.tsx"));
const WorkflowPage = loadPage(() => import("./pages/workflow-page.tsx"));
const AgentsPage = loadPage(() => import("./pages/agents-page.tsx"));
const AgentPage = loadPage(() => import("./pages/agent-page.tsx"));
const EventsPage = loadPage(() => import("./pages/events-page.tsx"));
const BoardPage = loadPage(() => import("./pages/board-page.tsx"));
const TurnsPage = loadPage(() => import("./pages/turns-page.tsx"));
const TurnPage = loadPage(() => import("./pages/turn-page.tsx"));

export function App() {
  const { state } = session.value;
  useEffect(() => void readSession(), []);
  // One subscription for as long as somebody is signed in, whichever pages they look at.
  useEffect(() => (state === "in" ? live.open() : undefined), [state]);
  switch (state) {
    case "unknown":
      return <LoadingState what="your session" />;
    case "unreachable":
      return <ErrorState error={session.value.error} retry={() => void readSession()} />;
    case "out":
      return <SignInPage />;
    case "in":
      return (
        <LocationProvider scope="/ui">
          <Frame>
            <Pages />
          </Frame>
        </LocationProvider>
      );
  }
}

function Pages() {
  // The router throws on what is no text.
  if (!isText(useLocation().path)) return <NowherePage />;
  return (
    <ErrorBoundary>
      <Router>
        <Route path="/ui" component={ThreadsPage} />
        <Route path="/ui/threads" component={ThreadsPage} />
        <Route path="/ui/threads/:id" component={ThreadPage} />
        <Route path="/ui/workflows" component={WorkflowsPage} />
        <Route path="/ui/workflows/:name" component={WorkflowPage} />
        <Route path="/ui/agents" component={AgentsPage} />
        <Route path="/ui/agents/:id" component={AgentPage} />
        <Route path="/ui/events" component={EventsPage} />
        <Route path="/ui/board" component={BoardPage} />
        <Route path="/ui/turns" component={TurnsPage} />
        <Route path="/ui/turns/:thread/:role" component={TurnPage} />
        <Route default component={NowherePage} />
      </Router>
    </ErrorBoundary>
  );
}

function isText(path: string): boolean {
  try {
    return decodeURIComponent(path) !== "";
  } catch {
    return false;
  }
}

function UnloadedPage() {
  return (
    <EmptyState title="This page could not be loaded" act={{ name: "Load it again", perform: () => location.reload() }}>
      The server does not answer, or has another version by now.
    </EmptyState>
  );
}

function NowherePage() {
  return (
    <EmptyState title="There is no such page">
      Nothing is at this address. <a href="/ui/threads">See all threads</a>.
    </EmptyState>
  );
}
