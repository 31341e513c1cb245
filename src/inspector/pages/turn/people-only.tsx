/** Pages on which the reader is an agent: operators look at all threads, and play no role in any. */
import type { ComponentChildren } from "preact";
import { session, signOut } from "../../data/session.ts";
import { EmptyState } from "../../parts/states.tsx";

export function PeopleOnly({ children }: { children: ComponentChildren }) {
  const now = session.value;
  if (now.state === "in" && now.kind === "agent") return <>{children}</>;
  return (
    <EmptyState title="Turns are for accounts that play roles" act={{ name: "Sign in with another token", perform: () => void signOut() }}>
      You are signed in as an operator. Sign in with the token of your own account: an operator makes one by{" "}
      <code>nerveflare agents add NAME --person</code>.
    </EmptyState>
  );
}
