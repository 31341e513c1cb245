/** Tabs: one of several things is shown. Arrow keys go from one to the next. */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";

interface Tab {
  key: string;
  name: string;
  show(): ComponentChildren;
}

export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  const [key, choose] = useState(tabs[0]?.key);
  const id = useId();
  const place = Math.max(
    0,
    tabs.findIndex((tab) => tab.key === key),
  );
  const open = tabs[place];
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = tabs[(place + by + tabs.length) % tabs.length];
    choose(next?.key);
    document.getElementById(`${id}-${next?.key}`)?.focus();
  };
  return (
    <section class="tabs">
      <div role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.key}
            id={`${id}-${tab.key}`}
            type="button"
            role="tab"
            aria-selected={tab === open}
            aria-controls={`${id}-panel`}
            tabIndex={tab === open ? 0 : -1}
            onClick={() => choose(tab.key)}
          >
            {tab.name}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${open?.key}`}>
        {open?.show()}
      </div>
    </section>
  );
}
