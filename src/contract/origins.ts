/** Which web pages may call the server: turns NERVEFLARE_ORIGINS into a rule. Knows no request. */

/** Says of an `Origin` header, as a browser writes it, whether its pages are let in. */
export interface Origins {
  allows(origin: string): boolean;
}

/** What the variable says, or what is wrong with it. */
export type ReadOrigins = { ok: true; origins: Origins } | { ok: false; error: string };

/** Entries at most: each request of a page is held against them one by one, and more would be another kind of rule. */
const originsAtMost = 100;

const examples = "`https://app.example.com` or `http://localhost:5173`";

/** Scheme, `*.`, host and port; no path, and nobody's name. */
const form = /^([a-z][a-z0-9+.-]*):\/\/(\*\.)?(\[[0-9a-f:.]+\]|[^\s/:?#@[\]*\\]+)(?::(\d{1,5}|\*))?$/i;

/** Hosts that are this machine: only its own programs answer there, so any port may be meant. */
const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** What stands for `*`: whole labels. */
const labels = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

type Rule = (origin: string) => boolean;

/**
 * Reads what the variable says: origins with commas between, each exact, or `https://*.example.com` for all subdomains, or
 * `http://localhost:*` for all ports of this machine; `*` alone for every page.
 * @param text undefined or empty: no page of another origin
 */
export function parseOrigins(text: string | undefined): ReadOrigins {
  const entries = (text ?? "").split(",").flatMap((entry) => entry.trim() || []);
  const wrong = (detail: string): ReadOrigins => ({ ok: false, error: `NERVEFLARE_ORIGINS ${detail}` });
  if (entries.length > originsAtMost) return wrong(`has ${entries.length} origins; at most ${originsAtMost} fit.`);
  if (entries.includes("*")) {
    if (entries.length > 1) return wrong("has `*` among others: `*` alone lets in every page, so leave out one or the other.");
    return { ok: true, origins: { allows: () => true } };
  }
  const rules: Rule[] = [];
  for (const entry of entries) {
    const read = readEntry(entry);
    if (typeof read === "string") return wrong(`has ${JSON.stringify(entry.slice(0, 200))}, ${read}`);
    rules.push(read);
  }
  return { ok: true, origins: { allows: (origin) => rules.some((rule) => rule(origin)) } };
}

/** The rule of one entry, or why there is none. */
function readEntry(entry: string): Rule | string {
  if (entry === "null") return "which any file and any sandboxed frame says: it tells nobody's pages apart.";
  const [, givenScheme = "", wildcard, givenHost = "", port] = form.exec(entry) ?? [];
  const scheme = givenScheme.toLowerCase();
  if (scheme === "ws" || scheme === "wss") return `a socket's address. A page's origin begins with http or https, e.g. ${examples}.`;
  if (givenHost === "" || scheme === "file") return `which is no origin. ${suggestOrigin(entry)}`;
  const isWeb = scheme === "http" || scheme === "https";
  if (!isWeb && (wildcard !== undefined || port === "*")) return "but only http and https may have a `*`.";
  // What is of an app, such as `tauri://localhost`, has no form but its own.
  const address = `${scheme}://${givenHost.toLowerCase()}${port === undefined || port === "*" ? "" : `:${port}`}`;
  const exact = isWeb ? normalize(address) : URL.canParse(address) ? address : undefined;
  if (exact === undefined) return `which is no origin: host or port is not one. Give e.g. ${examples}.`;
  const { host, hostname } = new URL(exact);
  if (port === "*") {
    if (wildcard !== undefined || !loopback.includes(hostname)) return "but `:*` is for the ports of localhost, 127.0.0.1 and [::1] only.";
    return (origin) => origin.startsWith(exact) && /^(:\d{1,5})?$/.test(origin.slice(exact.length));
  }
  if (wildcard === undefined) return (origin) => origin === exact;
  if (!hostname.includes(".") || /^[\d.]+$/.test(hostname) || hostname.startsWith("["))
    return "which is too wide: `*.` stands before a domain of your own, e.g. `https://*.example.com`.";
  const [prefix, suffix] = [`${scheme}://`, `.${host}`];
  return (origin) => origin.startsWith(prefix) && origin.endsWith(suffix) && labels.test(origin.slice(prefix.length, -suffix.length));
}

/** As browsers write it: in small letters, without the usual port, names in ASCII. */
function normalize(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url && (labels.test(url.hostname) || url.hostname.startsWith("[")) ? url.origin : undefined;
}

/** What may have been meant: an address with a path, or a host without its scheme. */
function suggestOrigin(entry: string): string {
  const address = /^https?:\/\/[^\s/?#@*]+(?=[/?#])/i.exec(entry)?.[0];
  const host = /^[\w-]+(\.[\w-]+|:\d)[\w.:-]*$/.test(entry) ? entry : undefined;
  const meant = normalize(address ?? `${loopback.some((name) => host?.startsWith(name)) ? "http" : "https"}://${host ?? "*"}`);
  return meant === undefined ? `Give scheme, host and port, e.g. ${examples}.` : `Write \`${meant}\`.`;
}
