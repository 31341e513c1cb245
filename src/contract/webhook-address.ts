/**
 * Where webhooks may be sent: nowhere inside of the network that the server runs in, lest whoever may add one reads what only insiders
 * may. A Worker cannot look names up, so here names are judged as they are written; where the server runs on a machine of its own it
 * judges the address that a name has as well. Knows no request.
 */

/** What was given, or what is wrong with it. */
export type JudgedAddress = { ok: true; url: string } | { ok: false; error: string };

/** By which the process that posts for a local server says why a receiver was not reached. */
export const unreachedHeader = "x-nerveflare-unreached";

/** Characters of an address: what proxies and servers take. */
const addressAtMost = 2_048;

/** Top-level names that are never looked up in public: RFC 6761, 6762, 8375, ICANN's `internal`, and those in use anyway. */
const localNames = new Set("localhost local localdomain internal intranet private corp home lan arpa".split(" "));

/**
 * Judges an address before anything is sent there.
 * @param allowsPrivate whether the operator lets webhooks go into private networks; then `http:` is allowed too
 */
export function judgeWebhookAddress(text: string, allowsPrivate: boolean): JudgedAddress {
  const wrong = (error: string): JudgedAddress => ({ ok: false, error });
  if (text.length > addressAtMost) return wrong(`The address is longer than ${addressAtMost} characters.`);
  if (!URL.canParse(text)) return wrong("This is no address. Give a whole one, e.g. `https://example.com/hook`.");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return wrong(`Webhooks go over https, not ${url.protocol.slice(0, -1)}.`);
  if (url.username !== "" || url.password !== "")
    return wrong("The address has a password in it, which others see. Check the signature instead.");
  if (!allowsPrivate) {
    if (isPrivateHost(url.hostname)) return wrong(`${url.hostname} is in a private network. NERVEFLARE_PRIVATE_WEBHOOKS=true allows that.`);
    if (url.protocol === "http:") return wrong("Give an address with https.");
  }
  url.hash = "";
  return { ok: true, url: url.href };
}

/**
 * The origin of an address, for those who may only read: chat services have a secret in path or query.
 * @returns `…` for what is no address
 */
export function cutToOrigin(url: string): string {
  const { origin } = URL.parse(url) ?? { origin: "null" };
  return origin === "null" ? "…" : origin;
}

/** Whether a host, as `URL` writes it, is an address that is not public, or a name that none in public has. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return isPrivateAddress(host.replace(/^\[|\]$/g, ""));
  const labels = host.split(".");
  // An empty part is in no public name, and hides what is before it: `localhost..`.
  return labels.length < 2 || labels.includes("") || localNames.has(labels.at(-1) as string);
}

/** Ranges of IPv4 that are not public: IANA's registry of special addresses, with multicast and what is reserved. */
const ranges4 = (
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 " +
  "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
)
  .split(" ")
  .map(parseRange4);

/** Whether an address, v4 or v6 without brackets, is not public; nor is what is no address. */
export function isPrivateAddress(address: string): boolean {
  if (!address.includes(":")) {
    const number = parseAddress4(address);
    return number === undefined || isPrivate4(number);
  }
  const groups = parseAddress6(address);
  return groups === undefined || isPrivate6(groups);
}

function isPrivate4(number: number): boolean {
  return ranges4.some(({ from, size }) => number >= from && number < from + size);
}

function isPrivate6(groups: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const inner = (high: number, low: number): boolean => isPrivate4(high * 65_536 + low);
  // Addresses that hold one of IPv4, which the network unpacks: mapped, compatible, of NAT64, 6to4.
  if ([a, b, c, d].every((group) => group === 0) && (e === 0xffff || e === 0)) {
    if (e === 0xffff) return f !== 0 || inner(g, h);
    return f !== 0xffff || inner(g, h);
  }
  if (a === 0x64 && b === 0xff9b) return [c, d, e, f].some((group) => group !== 0) || inner(g, h);
  if (a === 0x2002) return inner(b, c);
  // Of the rest only global unicast is public, without what IANA keeps for protocols (Teredo among them) and for documents.
  const isGlobal = a >= 0x2000 && a < 0x4000;
  return !isGlobal || (a === 0x2001 && b < 0x200) || (a === 0x2001 && b === 0xdb8) || (a === 0x3fff && b < 0x1000);
}

function parseAddress4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

function parseRange4(text: string): { from: number; size: number } {
  const [address = "", bits = "0"] = text.split("/");
  return { from: parseAddress4(address) ?? 0, size: 2 ** (32 - Number(bits)) };
}

/** Its eight groups; with a zone, or a tail in IPv4's form, too. */
function parseAddress6(text: string): number[] | undefined {
  const [bare = ""] = text.split("%");
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  const number = tail?.[2] === undefined ? undefined : parseAddress4(tail[2]);
  if (tail && number === undefined) return undefined;
  const written =
    tail && number !== undefined ? `${tail[1]}${Math.floor(number / 65_536).toString(16)}:${(number % 65_536).toString(16)}` : bare;
  const halves = written.split("::").map((half) => (half === "" ? [] : half.split(":")));
  if (halves.length > 2) return undefined;
  const [front = [], back = []] = halves;
  const missing = 8 - front.length - back.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...front, ...Array<string>(missing).fill("0"), ...back];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? groups.map((group) => Number.parseInt(group, 16)) : undefined;
}
