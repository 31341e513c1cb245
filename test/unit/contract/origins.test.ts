/** Which pages NERVEFLARE_ORIGINS lets in, and what it may not say. */
import { expect, test } from "vitest";
import { parseOrigins } from "../../../src/contract/origins.ts";

function read(text: string | undefined): (origin: string) => boolean {
  const parsed = parseOrigins(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.origins.allows;
}

test("[CORS1] lets in the origins that are listed, to the letter, and nobody where nothing is said", () => {
  for (const nothing of [undefined, "", " , "]) expect(read(nothing)("https://app.example.com")).toBe(false);
  const allows = read("https://app.example.com, HTTP://LocalHost:5173,https://a.example:443,https://bücher.example,tauri://localhost,");
  for (const origin of [
    "https://app.example.com",
    "http://localhost:5173",
    "https://a.example",
    "https://xn--bcher-kva.example",
    "tauri://localhost",
  ])
    expect(allows(origin), origin).toBe(true);
  for (const origin of [
    ...["http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.example", "https://evil-app.example.com"],
    ...[
      "http://localhost",
      "http://localhost:51730",
      "http://127.0.0.1:5173",
      "https://x.app.example.com",
      "tauri://localhost:1",
      "null",
      "",
    ],
  ])
    expect(allows(origin), origin).toBe(false);
});

test("[CORS2] `*.` stands for every subdomain and not the domain, `:*` for every port of this machine, `*` for every page", () => {
  const allows = read("https://*.example.com:8443,https://*.example.org,http://localhost:*,http://[::1]:*");
  for (const origin of [
    ...["https://a.example.com:8443", "https://a.b-c.example.org", "http://localhost", "http://localhost:1", "http://[::1]:5173"],
  ])
    expect(allows(origin), origin).toBe(true);
  for (const origin of [
    ...["https://example.org", "https://.example.org", "http://a.example.org", "https://a.example.org:8443", "https://a.example.com"],
    ...["https://evil.example/.example.org", "https://evil.example:1.example.org", "https://a@b.example.org", "https://aexample.org"],
    ...["http://localhost.evil.example", "http://localhost:1.evil.example", "https://localhost:1", "http://127.0.0.1:1", "null"],
  ])
    expect(allows(origin), origin).toBe(false);
  for (const origin of ["https://anything.example", "null", "http://localhost:9"]) expect(read("*")(origin), origin).toBe(true);
});

test.each([
  ["https://app.example.com/", "Write `https://app.example.com`."],
  ["https://app.example.com/page?x#y", "Write `https://app.example.com`."],
  ["app.example.com", "Write `https://app.example.com`."],
  ["localhost:5173", "Write `http://localhost:5173`."],
  ["https://a.example https://b.example", "e.g. `https://app.example.com`"],
  ["https://a.example;https://b.example", "e.g. `https://app.example.com`"],
  ["https://me:secret@app.example.com", "e.g. `https://app.example.com`"],
  ["https://app.example.com:99999", "host or port is not one"],
  ["https://[::zz]", "no origin"],
  ["wss://app.example.com", "begins with http or https"],
  ["null", "tells nobody's pages apart"],
  ["file://", "no origin"],
  ["file://host", "no origin"],
  ["*,https://app.example.com", "leave out one or the other"],
  ["https://*", "no origin"],
  ["https://*.com", "too wide"],
  ["https://*.10.0.0.1", "too wide"],
  ["https://a.*.com", "no origin"],
  ["http://app.example.com:*", "localhost, 127.0.0.1 and [::1] only"],
  ["tauri://*.example.com", "only http and https"],
])("[CORS3] says what is wrong with %s, and lets nobody in by it", (text, said) => {
  const parsed = parseOrigins(`http://localhost:80,${text}`);
  expect(parsed).toMatchObject({ ok: false, error: expect.stringMatching(/^NERVEFLARE_ORIGINS has /) });
  expect(parsed.ok ? "" : parsed.error).toContain(said);
});

test("[CORS3] takes a hundred origins and no more", () => {
  const list = (count: number) => parseOrigins(Array.from({ length: count }, (_, index) => `http://localhost:${index + 1}`).join());
  expect(list(100).ok).toBe(true);
  expect(list(101)).toEqual({ ok: false, error: "NERVEFLARE_ORIGINS has 101 origins; at most 100 fit." });
});
