// biome-ignore-all lint/a11y/useSemanticElements: a <table> that is laid out as a grid of placed rows is no table to a screen reader
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
// biome-ignore-all lint/a11y/useFocusableInteractive: the rows of a table are not for acting on; links in them are
/** A table that draws the rows that can be seen, and tells a screen reader of all. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

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
  const sizes = {
    // Beside what is long it keeps some rows in sight; of few it is no taller than they are.
    minHeight: `min(12rem, calc(2.25rem + 2px + ${virtualizer.getTotalSize()}px))`,
    "--tracks": columns.map(({ width }) => width).join(" "),
    "--middle-tracks": middleTracks(columns),
    "--narrow-tracks": narrowTracks(columns),
  };
  return (
    <div class="table" ref={scroller} style={sizes} role="table" tabIndex={0} aria-label={label} aria-rowcount={rows.length + 1}>
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
            class="table-row"
            style={{ transform: `translateY(${start}px)`, height: `${size}px` }}
          >
            {columns.map(({ key, cell, wideOnly }) => (
              <div key={key} role="cell" class={hide(wideOnly)}>
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
