/** Asks before something is done that cannot be undone. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../data/api.ts";

interface ConfirmProps {
  title: string;
  /** What the button that does it says: the deed, and no "OK". */
  deed: string;
  /** Whether the deed is one that nobody takes back. */
  grave?: boolean;
  children?: ComponentChildren;
  /** Does it. What it throws is shown, and the dialog stays. */
  confirm(): Promise<void>;
  /** Closes the dialog, however it ended. */
  close(): void;
}

/** Shown for as long as it is there. */
export function ConfirmDialog({ title, deed, grave = false, children, confirm, close }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const [state, setState] = useState<{ busy: boolean; error?: string }>({ busy: false });
  useEffect(() => dialog.current?.showModal(), []);
  const act = async (event: Event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      await confirm();
      close();
    } catch (error) {
      setState({ busy: false, error: error instanceof ApiError ? error.message : String(error) });
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={close}>
      <form onSubmit={(event) => void act(event)}>
        <h2 id={heading}>{title}</h2>
        {children}
        {state.error !== undefined && (
          <p class="field-error" role="alert">
            {state.error}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Leave it
          </button>
          <button type="submit" class={grave ? "grave" : "primary"} disabled={state.busy}>
            {deed}
          </button>
        </div>
      </form>
    </dialog>
  );
}
