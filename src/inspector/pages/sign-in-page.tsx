/** Takes a token once, for a session that no script can read. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../data/api.ts";
import { session, signIn } from "../data/session.ts";

export function SignInPage() {
  const [token, setToken] = useState("");
  const [state, setState] = useState<{ busy: boolean; error?: string }>({ busy: false });
  const now = session.value;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · nerveflare";
    input.current?.focus();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      await signIn(token.trim());
    } catch (error) {
      setState({ busy: false, error: error instanceof ApiError ? error.message : String(error) });
    }
  };
  return (
    <main class="sign-in" id="main">
      <h1>
        <img src="/ui/icon.svg" alt="" width="32" height="32" /> nerveflare
      </h1>
      {now.state === "out" && now.why !== undefined && (
        <p class="notice" role="status">
          {now.why}
        </p>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <label for="token">Your token</label>
        <input
          ref={input}
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          required
          spellcheck={false}
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
          aria-invalid={state.error !== undefined}
          aria-describedby="token-help"
        />
        {state.error !== undefined && (
          <p class="field-error" role="alert">
            {state.error}
          </p>
        )}
        <button type="submit" class="primary" disabled={state.busy || token.trim() === ""}>
          Sign in
        </button>
        <p id="token-help" class="quiet">
          An operator's token shows everything; an agent's what it takes part in. The page does not keep it.
        </p>
      </form>
    </main>
  );
}
