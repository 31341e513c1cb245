/** A moment, in the reader's zone and beside the server's clock. */
import { serverNow, writeSpan } from "../data/clock.ts";

const precise = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const short = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/**
 * @param at RFC 3339, or milliseconds since 1970
 * @param as `ago`: how long it is away from now; `clock`: hours, minutes, seconds
 */
export function Time({ at, as = "ago" }: { at: string | number; as?: "ago" | "clock" }) {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return <span>{String(at)}</span>;
  return (
    <time dateTime={moment.toISOString()} title={precise.format(moment)}>
      {as === "clock" ? short.format(moment) : <Away from={moment.getTime()} />}
    </time>
  );
}

/** Only this text is drawn anew each second. */
function Away({ from }: { from: number }) {
  const span = serverNow.value - from;
  if (Math.abs(span) < 1_500) return <>now</>;
  return <>{span > 0 ? `${writeSpan(span)} ago` : `in ${writeSpan(-span)}`}</>;
}
