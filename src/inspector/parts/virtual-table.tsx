// biome-ignore-all lint/a11y/useSemanticElements: a <table> that is laid out as a grid of placed rows is no table to a screen reader
// biome-ignore-all lint/a11y/useFocusableInteractive: of a grid the rows have the focus, and not its cells
/**
 * A table that draws the rows that can be seen, and tells a screen reader of all. Arrow keys, Home and End go from row to row, also to
 * those that are not drawn yet; Enter does what the row's first link or button does.
 */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { moveRow } from "../data/move-row.ts";

export interface Column<Row> {
  key: string;
  header: string;
  /** A track of CSS grid. */
  width: string;
  /** The same where the page is narrow. */
  narrowWidth?: string;
  cell(row: Row): ComponentChildren;
  /** Left out where the page is narrow; `very`: where it is not wide, too. */
  wideOnly?: boolean | "very";
}

interface TableProps<Row> {
  /** What the table is of, for whoever can't see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  /** Pixels of a row. */
  rowHeight?: number;
  /** Called when the last rows are in sight. */
  onEnd?: (() => void) | undefined;
}

export function VirtualTable<Row>({ label, columns, rows, rowKey, rowHeight = 44, onEnd }: TableProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const options = {
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index: number) => rowKey(rows[index] as Row),
    overscan: 8,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  const items = virtualizer.getVirtualItems();
  const isAtEnd = rows.length > 0 && (items.at(-1)?.index ?? 0) >= rows.length - 1;
  useLayoutEffect(() => {
    if (isAtEnd) onEnd?.();
  }, [isAtEnd, onEnd]);
  // The row that the keyboard is at: the one that Tab leads to. It stays with its place where rows come and go.
  const [at, setAt] = useState(0);
  const here = Math.min(at, rows.length - 1);
  const moving = useRef(false);
  useLayoutEffect(() => {
    if (!moving.current) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${here}"]`);
    // It is drawn once it was scrolled to.
    if (!row) return;
    moving.current = false;
    row.focus({ preventScroll: true });
  });
  const press = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (event.key === "Enter" && target.dataset["row"] !== undefined) target.querySelector<HTMLElement>("a, button")?.click();
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
    const to = event.ctrlKey || event.metaKey || event.altKey ? undefined : moveRow(event.key, here, rows.length, page);
    if (to === undefined) return;
    event.preventDefault();
    moving.current = true;
    setAt(to);
    virtualizer.scrollToIndex(to);
    redraw(undefined);
  };
  // Where the row that has the Tab is out of sight, the first that is drawn stands in for it.
  const tabbed = items.some(({ index }) => index === here) ? here : items[0]?.index;
  const sizes = {
    // Beside what is long it keeps some rows in sight; of few it is no taller than they are.
    minHeight: `min(12rem, calc(2.25rem + 2px + ${virtualizer.getTotalSize()}px))`,
    "--tracks": columns.map(({ width }) => width).join(" "),
    "--middle-tracks": middleTracks(columns),
    "--narrow-tracks": narrowTracks(columns),
  };
  return (
    <div class="table" ref={scroller} style={sizes} role="grid" aria-label={label} aria-rowcount={rows.length + 1} onKeyDown={press}>
      <div class="table-head" role="row" aria-rowindex={1}>
        {columns.map(({ key, header, wideOnly }) => (
          <div key={key} role="columnheader" class={hide(wideOnly)}>
            {header}
          </div>
        ))}
      </div>
      <div class="table-body" role="rowgroup" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {items.map(({ key, index, start, size }) => (
          <div
            key={key}
            role="row"
            aria-rowindex={index + 2}
            data-row={index}
            tabIndex={index === tabbed ? 0 : -1}
            onFocusIn={() => setAt(index)}
            class="table-row"
            style={{ transform: `translateY(${start}px)`, height: `${size}px` }}
          >
            {columns.map(({ key, cell, wideOnly }) => (
              <div key={key} role="gridcell" class={hide(wideOnly)}>
                {cell(rows[index] as Row)}
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function hide(wideOnly: boolean | "very" | undefined): string {
  return wideOnly === "very" ? "wide-only very-wide-only" : wideOnly ? "wide-only" : "";
}

function middleTracks<Row>(columns: readonly Column<Row>[]): string {
  return columns
    .filter(({ wideOnly }) => wideOnly !== "very")
    .map(({ width }) => width)
    .join(" ");
}

function narrowTracks<Row>(columns: readonly Column<Row>[]): string {
  return columns
    .filter(({ wideOnly }) => !wideOnly)
    .map(({ width, narrowWidth }) => narrowWidth ?? width)
    .join(" ");
}
