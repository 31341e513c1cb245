/** Copies a text, and says that it did. Where the browser lets the page copy nothing, it shows the text, selected. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface CopyProps {
  /** What is copied, as it follows `Copy`. */
  what: string;
  /** Made when it is asked for. */
  text(): string;
  /** Seen on the button; absent: `Copy` and what. */
  label?: string;
  /** What can be done with the copy, told once there is one. */
  hint?: string;
  style?: string;
}

/** Milliseconds for which it says so. */
const told = 6_000;

export function CopyButton({ what, text, label, hint, style = "" }: CopyProps) {
  const [state, setState] = useState<{ copied?: boolean; shown?: string }>({});
  const forgetting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(forgetting.current), []);
  const tell = () => {
    clearTimeout(forgetting.current);
    setState({ copied: true });
    forgetting.current = setTimeout(() => setState({}), told);
  };
  const copy = async () => {
    const made = text();
    try {
      // Pages that came over plain HTTP have no clipboard, and a reader may refuse it.
      await navigator.clipboard.writeText(made);
      tell();
    } catch {
      setState({ shown: made });
    }
  };
  const leave = () => setState(({ copied }) => (copied ? { copied } : {}));
  return (
    <span class="copy">
      <button type="button" class={style} title={hint} onClick={() => void copy()}>
        {state.copied ? "Copied ✓" : (label ?? `Copy ${what}`)}
        {label !== undefined && <span class="hidden"> {what}</span>}
      </button>
      <span class="hidden" role="status">
        {state.copied && `Copied ${what}. ${hint ?? ""}`}
      </span>
      {state.shown !== undefined && <ShownText what={what} text={state.shown} hint={hint} close={leave} copied={tell} />}
    </span>
  );
}

interface ShownProps {
  what: string;
  text: string;
  hint: string | undefined;
  close(): void;
  copied(): void;
}

function ShownText({ what, text, hint, close, copied }: ShownProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
    area.current?.focus();
    area.current?.select();
  }, []);
  const end = () => {
    // Closing it gives the focus back to the button.
    dialog.current?.close();
    copied();
  };
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={close}>
      <form method="dialog">
        <h2 id={heading}>Copy {what}</h2>
        <p>This browser lets the page copy nothing by itself. The text is selected: copy it with Ctrl+C, or ⌘C. {hint}</p>
        <textarea ref={area} class="mono" readOnly rows={10} aria-labelledby={heading} value={text} onCopy={() => setTimeout(end)} />
        <div class="buttons">
          <button type="submit">Close</button>
        </div>
      </form>
    </dialog>
  );
}
