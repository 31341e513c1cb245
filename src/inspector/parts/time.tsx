/** A moment, in the reader's zone and beside the server's clock. */
import { serverNow, writeSpan } from "../data/clock.ts";

const precise = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const dated = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const short = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/**
 * @param at RFC 3339, or milliseconds since 1970
 * @param as `ago`: how far it is from now; `for`: how long since it, or until it; `clock`: hours, minutes, seconds; the date, where that is not today's
 */
export function Time({ at, as = "ago" }: { at: string | number; as?: "ago" | "for" | "clock" }) {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return <span>{String(at)}</span>;
  return (
    <time dateTime={moment.toISOString()} title={precise.format(moment)}>
      {as === "clock" ? <Clock moment={moment} /> : <Away from={moment.getTime()} isBare={as === "for"} />}
    </time>
  );
}

/** What is not of today says of which day it is. */
function Clock({ moment }: { moment: Date }) {
  const isToday = moment.toDateString() === new Date(serverNow.peek()).toDateString();
  return <>{(isToday ? short : dated).format(moment)}</>;
}

/** Only this text is drawn anew each second. */
function Away({ from, isBare }: { from: number; isBare: boolean }) {
  const span = serverNow.value - from;
  if (isBare) return <>{writeSpan(Math.abs(span))}</>;
  if (Math.abs(span) < 1_500) return <>now</>;
  return <>{span > 0 ? `${writeSpan(span)} ago` : `in ${writeSpan(-span)}`}</>;
}
