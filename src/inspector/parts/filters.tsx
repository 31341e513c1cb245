/** What a list is narrowed down by: in the page's address, so that a link shows the same list. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";

/** Milliseconds after the last key until what was typed is asked for. */
const typing = 300;

export function FilterBar({ children }: { children: ComponentChildren }) {
  return <search class="filters">{children}</search>;
}

/** What the address says of a filter, and how to change it. */
function useFilter(name: string): [string, (value: string) => void] {
  const { path, query, route } = useLocation();
  const change = (value: string) => {
    const next = new URLSearchParams({ ...query, [name]: value });
    if (value === "") next.delete(name);
    route(next.size === 0 ? path : `${path}?${next}`, true);
  };
  return [query[name] ?? "", change];
}

export function TextFilter({ name, label, example }: { name: string; label: string; example?: string }) {
  const [value, change] = useFilter(name);
  // What is being typed stays in its field, however often the page is drawn before the address says it.
  const [typed, setTyped] = useState<string>();
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(waiting.current), []);
  const take = (text: string) => {
    clearTimeout(waiting.current);
    setTyped(text);
    waiting.current = setTimeout(() => {
      setTyped(undefined);
      change(text.trim());
    }, typing);
  };
  return (
    <label>
      {label}
      <input
        type="search"
        value={typed ?? value}
        placeholder={example}
        spellcheck={false}
        onInput={({ currentTarget }) => take(currentTarget.value)}
      />
    </label>
  );
}

export function SelectFilter({ name, label, options }: { name: string; label: string; options: { value: string; label: string }[] }) {
  const [value, change] = useFilter(name);
  return (
    <label>
      {label}
      <select value={value} onChange={({ currentTarget }) => change(currentTarget.value)}>
        <option value="">any</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}
