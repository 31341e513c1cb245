/**
 * The formats that are judged, each in linear time: by patterns of our own matcher and plain code, never by an expression that may
 * go back. A format that is not here passes, as the standard has it.
 */
import type { Work } from "./count-work.ts";
import { spend } from "./count-work.ts";
import { type Pattern, readPattern } from "./read-pattern.ts";

/** A format: whether a text is of it, and one that is, to show. */
export interface Format {
  fits(text: string, work: Work): boolean;
  example: string;
}

/** A pattern that is compiled when it is first asked for: most schemas name no format. */
function lazily(source: string): (text: string, work: Work) => boolean {
  let pattern: Pattern | undefined;
  return (text, work) => {
    if (!pattern) {
      const read = readPattern(source);
      if (!read.ok) throw new Error(read.message);
      pattern = read.pattern;
    }
    return pattern.matches(text, work);
  };
}

const escaped = "%[0-9A-Fa-f]{2}";
const query = `(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@/?]|${escaped})*`;
/** What stands behind the host of an address, or behind the scheme of one that has no host. */
const path = `(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@/]|${escaped})*`;
const tail = `(?:\\?${query})?(?:#${query})?`;
const user = `(?:(?:[A-Za-z0-9\\-._~!$&'()*+,;=:]|${escaped})*@)?`;
const host = `(?:\\[[0-9A-Fa-f:.]+\\]|\\[[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9\\-._~!$&'()*+,;=:]+\\]|(?:[A-Za-z0-9\\-._~!$&'()*+,;=]|${escaped})*)`;
const authority = `//${user}${host}(?::[0-9]*)?(?:/${path})?`;
/** A path that begins with two strokes would be a host. */
const hierarchy = `(?:${authority}|/|/(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@]|${escaped})${path}|(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@]|${escaped})${path})?`;
const scheme = "[A-Za-z][A-Za-z0-9+.\\-]*:";

const isUri = lazily(`^${scheme}${hierarchy}${tail}$`);
const isRelative = lazily(
  `^(?:${authority}|/|/(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@]|${escaped})${path}|(?:[A-Za-z0-9\\-._~!$&'()*+,;=@]|${escaped})+(?:/${path})?)?${tail}$`,
);
const isWebAddress = lazily(
  "^(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp])://(?:[^\\s/?#@]+@)?(?:\\[[0-9A-Fa-f:.]+\\]|[^\\s/?#@:\\[\\]]+)(?::[0-9]{1,5})?(?:[/?#]\\S*)?$",
);
const isLabels = lazily("^[A-Za-z0-9](?:[A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?)*$");
const isUuid = lazily("^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$");
const isPointer = lazily("^(?:/(?:[^~/]|~0|~1)*)*$");
const isPointerFragment = lazily(`^#(?:/(?:[A-Za-z0-9_\\-.!$&'()*+,;:=@]|${escaped}|~0|~1)*)*$`);
const isRelativePointer = lazily("^(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)$");
const variable = `(?:[A-Za-z0-9_]|${escaped})+(?:\\.(?:[A-Za-z0-9_]|${escaped})+)*(?::[1-9][0-9]{0,3}|\\*)?`;
const isTemplate = lazily(`^(?:[^\\x00-\\x20\\x7f"<>%\\\\^\`{|}]|${escaped}|\\{[+#./;?&=,!@|]?${variable}(?:,${variable})*\\})*$`);
const days = "(?:\\d+D|\\d+M(?:\\d+D)?|\\d+Y(?:\\d+M(?:\\d+D)?)?)";
const hours = "T(?:\\d+S|\\d+M(?:\\d+S)?|\\d+H(?:\\d+M(?:\\d+S)?)?)";
const isDuration = lazily(`^P(?:\\d+W|${days}(?:${hours})?|${hours})$`);
const isMailbox = lazily(`^(?:"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\x20-\\x7e])*"|[A-Za-z0-9.!#$%&'*+/=?^_\`{|}~\\-]+)$`);

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return false;
  const leap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const last = Number(month) === 2 && leap ? 29 : (daysOfMonth[Number(month) - 1] ?? 0);
  return Number(day) >= 1 && Number(day) <= last;
}

function isTime(text: string): boolean {
  const [, hour, minute, second, zone, sign, aheadHours, aheadMinutes] =
    /^(\d\d):(\d\d):(\d\d)(?:\.\d{1,100})?(z|([+-])(\d\d):(\d\d))$/i.exec(text.slice(0, 200)) ?? [];
  if (zone === undefined) return false;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60 || Number(aheadHours ?? 0) > 23 || Number(aheadMinutes ?? 0) > 59)
    return false;
  if (Number(second) < 60) return true;
  // A leap second is the last of a day in universal time.
  const ahead = (Number(aheadHours ?? 0) * 60 + Number(aheadMinutes ?? 0)) * (sign === "-" ? -1 : 1);
  return (Number(hour) * 60 + Number(minute) - ahead + 2 * 1440) % 1440 === 1439;
}

function isHostname(text: string, work: Work): boolean {
  return text.length <= 253 && isLabels(text, work);
}

function isIpv4(text: string): boolean {
  const parts = text.length > 15 ? [] : text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

/** Up to eight groups; `::` stands for one or more, a last one may be an IPv4 address, which is two. */
function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const embedded = last.includes(".") && isIpv4(last) && !text.endsWith("::");
  const plain = embedded ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = plain.length + (embedded ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}

function isMail(text: string, work: Work): boolean {
  const at = text.lastIndexOf("@");
  const [name, domain] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  if (at < 1 || name.length > 64 || domain.length > 253) return false;
  if (!name.startsWith('"') && (name.startsWith(".") || name.endsWith(".") || name.includes(".."))) return false;
  if (!isMailbox(name, work)) return false;
  const [, literal] = /^\[(.{1,60})\]$/.exec(domain) ?? [];
  if (literal === undefined) return isHostname(domain, work);
  return /^ipv6:/i.test(literal) ? isIpv6(literal.slice(5)) : isIpv4(literal);
}

/** A host in brackets is an IPv6 address, or one of a kind that is still to come. */
function hasGoodHost(text: string): boolean {
  const start = text.indexOf("//");
  const open = start === -1 ? -1 : text.indexOf("[", start);
  if (open === -1) return true;
  const literal = text.slice(open + 1, text.indexOf("]", open));
  return /^v/i.test(literal) || isIpv6(literal);
}

function isRegex(text: string, work: Work): boolean {
  spend(work, text.length);
  try {
    new RegExp(text, "u");
    return !/[^\\]\\Z/.test(text);
  } catch {
    return false;
  }
}

function format(example: string, fits: Format["fits"]): Format {
  return { example, fits };
}

export const formats: ReadonlyMap<string, Format> = new Map([
  ["date", format("2026-11-25", isDate)],
  ["time", format("10:00:00Z", isTime)],
  ["date-time", format("2026-11-25T10:00:00Z", (text) => /^.{10}[Tt\s]/.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11)))],
  ["duration", format("P1DT12H", isDuration)],
  ["uri", format("https://example.com/a", (text, work) => isUri(text, work) && hasGoodHost(text))],
  ["uri-reference", format("/a?b=c", (text, work) => (isUri(text, work) || isRelative(text, work)) && hasGoodHost(text))],
  ["uri-template", format("/a/{id}", isTemplate)],
  ["url", format("https://example.com/a", (text, work) => isWebAddress(text, work) && hasGoodHost(text))],
  ["email", format("someone@example.com", isMail)],
  ["hostname", format("example.com", isHostname)],
  ["ipv4", format("192.0.2.1", isIpv4)],
  ["ipv6", format("2001:db8::1", isIpv6)],
  ["regex", format("^[a-z]+$", isRegex)],
  ["uuid", format("00000000-0000-4000-8000-000000000000", isUuid)],
  ["json-pointer", format("/a/0", isPointer)],
  ["json-pointer-uri-fragment", format("#/a/0", isPointerFragment)],
  ["relative-json-pointer", format("1/a", isRelativePointer)],
]);
