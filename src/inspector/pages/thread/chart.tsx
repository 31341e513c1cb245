/** The workflow's picture with what is active lit, and the way that was taken. Every word in it is text. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { PlacedArrow, PlacedBox, PlacedPicture } from "../../../compile/draw/index.ts";
import { LoadingState } from "../../parts/states.tsx";
import { type Compiled, type Drawing, layOut } from "./layout.ts";

interface ChartProps {
  compiled: Compiled;
  /** The ids of active boxes. */
  active(drawing: Drawing): ReadonlySet<string>;
  /** How often each arrow was taken, by its part, or by its ends where no part is known. */
  taken: ReadonlyMap<string, number>;
  /** The arrow that was taken last. */
  last: string | undefined;
  /** What else can be done with what is drawn. */
  tools?(drawing: Drawing): ComponentChildren;
}

const drawings: { drawing: Drawing; name: string }[] = [
  { drawing: "graph", name: "Graph" },
  { drawing: "task", name: "Task" },
  { drawing: "recruitment", name: "Recruitment" },
];

export function Chart(props: ChartProps) {
  const [drawing, show] = useState<Drawing>("graph");
  const [zoom, setZoom] = useState(1);
  const { picture, error } = usePicture(props.compiled, drawing);
  return (
    <section class="panel chart" aria-label="Chart">
      <div class="panel-head">
        <fieldset class="choice">
          <legend class="hidden">What is drawn</legend>
          {drawings.map(({ drawing: each, name }) => (
            <button key={each} type="button" aria-pressed={drawing === each} onClick={() => show(each)}>
              {name}
            </button>
          ))}
        </fieldset>
        {props.tools?.(drawing)}
        <span class="choice">
          <button type="button" aria-label="Smaller" onClick={() => setZoom(Math.max(0.5, zoom / 1.25))}>
            −
          </button>
          <button type="button" aria-label="Larger" onClick={() => setZoom(Math.min(4, zoom * 1.25))}>
            +
          </button>
        </span>
      </div>
      {error !== undefined ? (
        <p class="notice" role="alert">
          {error}
        </p>
      ) : picture === undefined ? (
        <LoadingState what="the picture" />
      ) : (
        <Drawn {...props} picture={picture} active={props.active(drawing)} zoom={zoom} />
      )}
    </section>
  );
}

function usePicture(compiled: Compiled, drawing: Drawing) {
  const [shown, show] = useState<{ of?: Compiled; drawing?: Drawing; picture?: PlacedPicture; error?: string }>({});
  useEffect(() => {
    let isOver = false;
    const keep = (said: { picture?: PlacedPicture; error?: string }) => {
      if (!isOver) show({ of: compiled, drawing, ...said });
    };
    layOut(compiled, drawing).then(
      (picture) => keep({ picture }),
      (error: Error) => keep({ error: error.message }),
    );
    return () => {
      isOver = true;
    };
  }, [compiled, drawing]);
  return shown.of === compiled && shown.drawing === drawing ? shown : {};
}

interface DrawnProps extends Pick<ChartProps, "taken" | "last"> {
  picture: PlacedPicture;
  active: ReadonlySet<string>;
  zoom: number;
}

const margin = 12;
/** Below this share of its size nobody can read it: then it is scrolled. */
const smallest = 0.85;

function Drawn({ picture, active, taken, last, zoom }: DrawnProps) {
  const { title, width, height, boxes, arrows, notes } = picture;
  const find = ({ part, from, to }: PlacedArrow): string | undefined =>
    part !== undefined && taken.has(part) ? part : taken.has(`${from} → ${to}`) ? `${from} → ${to}` : undefined;
  const names = boxes.filter(({ id }) => active.has(id)).map(({ title: name }) => name);
  const [wide, high] = [width + 2 * margin, height + 2 * margin];
  const scroller = useRef<HTMLElement>(null);
  // Where only a part of it can be seen, that is the part with what is active.
  useLayoutEffect(() => {
    const view = scroller.current;
    const box = boxes.find(({ id, holds }) => active.has(id) && !holds) ?? boxes[0];
    if (!view || !box) return;
    const scale = (view.firstElementChild?.clientWidth ?? wide) / wide;
    view.scrollTo((box.x + margin + box.width / 2) * scale - view.clientWidth / 2, (box.y + margin) * scale - view.clientHeight / 2);
  }, [picture]);
  // Boxes are as large as their text is in Helvetica's widths. Another font's text is squeezed rather than run over their edge.
  useLayoutEffect(() => {
    const texts = [...(scroller.current?.querySelectorAll<SVGTextElement>("text[data-room]") ?? [])];
    const wide = texts.filter((text) => text.getComputedTextLength() > Number(text.dataset["room"]) + 0.5);
    for (const text of wide) {
      text.setAttribute("textLength", text.dataset["room"] ?? "");
      text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
  }, [picture]);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section ref={scroller} class="chart-scroll" tabIndex={0} aria-label={`${title}: ${names.join(", ") || "nothing"} is active`}>
        <svg
          viewBox={`${-margin} ${-margin} ${wide} ${high}`}
          style={{ width: `clamp(${wide * zoom * smallest}px, ${100 * zoom}%, ${wide * zoom}px)`, height: "auto" }}
          aria-hidden="true"
        >
          {boxes
            .filter(({ holds }) => holds)
            .map((box) => (
              <Box key={box.id} box={box} isActive={active.has(box.id)} />
            ))}
          {arrows.map((arrow, index) => {
            const known = find(arrow);
            return <Arrow key={index} arrow={arrow} isTaken={known !== undefined} isLast={known !== undefined && known === last} />;
          })}
          {boxes
            .filter(({ holds }) => !holds)
            .map((box) => (
              <Box key={box.id} box={box} isActive={active.has(box.id)} />
            ))}
          {arrows.map((arrow, index) => {
            const known = find(arrow);
            return <Label key={index} arrow={arrow} count={known === undefined ? 0 : (taken.get(known) ?? 0)} />;
          })}
        </svg>
      </section>
      {notes.map((note) => (
        <p key={note} class="quiet small">
          {note}
        </p>
      ))}
    </>
  );
}

const badgeWidth = 58;

function Box({ box, isActive }: { box: PlacedBox; isActive: boolean }) {
  const { kind, x, y, width, height, lines, badge, holds, reference } = box;
  const round =
    kind === "start" || kind === "end" || reference ? height / 2 : kind === "suspended" || kind === "failed" ? Math.min(20, height / 2) : 9;
  const shape = `box box-${kind}${isActive ? " box-active" : ""}${holds ? " box-holds" : ""}`;
  if (kind === "initial") return <circle class="box-initial" cx={x + width / 2} cy={y + height / 2} r={width / 2 - 1} />;
  return (
    <g class={shape}>
      <rect x={x} y={y} width={width} height={height} rx={round} />
      {lines.map(({ text, x: left, y: base, width: room, style }) => (
        <text key={`${base} ${text}`} class={`t-${style}`} x={left} y={base} data-room={room}>
          {text}
        </text>
      ))}
      {badge !== undefined && width > 120 && (
        <text class="t-badge" x={x + width - badgeWidth / 4} y={y + 22} text-anchor="end">
          {badge}
        </text>
      )}
    </g>
  );
}

function Arrow({ arrow, isTaken, isLast }: { arrow: PlacedArrow; isTaken: boolean; isLast: boolean }) {
  const { kind, path, tip, turn } = arrow;
  return (
    <g class={`arrow arrow-${kind}${isTaken ? " arrow-taken" : ""}${isLast ? " arrow-last" : ""}`}>
      <path class="line" d={path} />
      <path class="head" d="M0 0L-9 -4.5L-7 0L-9 4.5Z" transform={`translate(${tip.x} ${tip.y}) rotate(${turn})`} />
    </g>
  );
}

function Label({ arrow, count }: { arrow: PlacedArrow; count: number }) {
  const { label } = arrow;
  if (!label) return null;
  return (
    <g class={`label label-${arrow.kind}${count > 0 ? " label-taken" : ""}`}>
      <rect x={label.x} y={label.y} width={label.width} height={label.height} rx={3} />
      {label.lines.map(({ text, x, y, width, style }) => (
        <text key={`${y} ${text}`} class={`t-${style}`} x={x} y={y} data-room={width}>
          {text}
        </text>
      ))}
      {count > 1 && (
        // Beside the line, where no other label is.
        <text class="t-count" x={label.x + label.width / 2 + 5} y={label.y - 3}>
          {`×${count}`}
        </text>
      )}
    </g>
  );
}
