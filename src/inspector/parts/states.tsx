/** What a page or a part of it shows where it has nothing to show yet, or nothing at all. */
import type { ComponentChildren } from "preact";
import type { ApiError } from "../data/api.ts";

export function LoadingState({ what }: { what: string }) {
  return (
    <div class="state" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading {what}…
    </div>
  );
}

interface EmptyProps {
  title: string;
  children?: ComponentChildren;
  /** What can be done about it. */
  act?: { name: string; perform(): void };
}

export function EmptyState({ title, children, act }: EmptyProps) {
  return (
    <div class="state">
      <h2>{title}</h2>
      <p>{children}</p>
      {act && (
        <button type="button" onClick={act.perform}>
          {act.name}
        </button>
      )}
    </div>
  );
}

const titles: { [code: string]: string } = {
  forbidden: "You may not see this",
  not_found: "It is not there",
  network: "The server does not answer",
  rate_limited: "Too much at once",
  unavailable: "The server is not ready",
  starting: "The server is starting",
};

/** @param retry absent where trying again changes nothing */
export function ErrorState({ error, retry }: { error: ApiError; retry?: (() => void) | undefined }) {
  return (
    <div class="state" role="alert">
      <h2>{titles[error.code] ?? "It did not work"}</h2>
      <p>{error.message}</p>
      {retry && error.code !== "forbidden" && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
