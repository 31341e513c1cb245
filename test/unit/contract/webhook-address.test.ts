/** Which addresses webhooks may be sent to. */
import { expect, test } from "vitest";
import { isPrivateAddress, judgeWebhookAddress } from "../../../src/contract/webhook-address.ts";

const refused = [
  // Names that are local.
  ..."https://localhost/ https://LOCALHOST./ https://a.localhost https://printer.local https://db.internal https://nas.home.arpa".split(
    " ",
  ),
  ..."https://intranet https://router.lan https://x.corp https://metadata.google.internal.".split(" "),
  // Every way to write an address of IPv4.
  ..."https://127.0.0.1 https://127.1 https://2130706433 https://0x7f.0.0.1 https://017700000001 https://0/ https://10.1.2.3".split(" "),
  ..."https://172.16.0.1 https://172.31.255.255 https://192.168.0.1 https://169.254.169.254 https://100.64.0.1 https://0.0.0.0".split(" "),
  ..."https://192.0.2.7 https://198.18.0.1 https://198.51.100.1 https://203.0.113.9 https://224.0.0.1 https://255.255.255.255".split(" "),
  ..."https://１２７.0.0.1 https://127.0.0.1. https://192.0.0.192 https://localhost.. https://db..internal.. https://127.0.0.1..".split(
    " ",
  ),
  // And of IPv6, with those that hold one of IPv4.
  ..."https://[::1] https://[::] https://[fe80::1] https://[fc00::1] https://[fd12:3456::1] https://[ff02::1] https://[fec0::1]".split(" "),
  ..."https://[::ffff:127.0.0.1] https://[::ffff:7f00:1] https://[::127.0.0.1] https://[64:ff9b::10.0.0.1] https://[2002:a00:1::]".split(
    " ",
  ),
  ..."https://[64:ff9b:1::1] https://[2001:db8::1] https://[2001::1] https://[100::1] https://[0:0:0:0:0:ffff:c0a8:1]".split(" "),
];
const taken =
  "https://example.com/hook https://93.184.215.14/ https://[2606:4700:4700::1111]/ https://hooks.example.com:8443/a?b=c https://172.32.0.1/ https://[::ffff:8.8.8.8] https://[64:ff9b::808:808]";

test("[HOOK1] an address in a private network is refused however it is written, and so is a name that only a private network has", () => {
  for (const url of refused)
    expect(judgeWebhookAddress(url, false), url).toMatchObject({
      ok: false,
      error: expect.stringContaining("NERVEFLARE_PRIVATE_WEBHOOKS"),
    });
  for (const url of taken.split(" ")) expect(judgeWebhookAddress(url, false), url).toMatchObject({ ok: true });
});

test("[HOOK1] with the operator's leave it may go there, and over http", () => {
  for (const url of [...refused, "http://127.0.0.1:9000/hook"]) expect(judgeWebhookAddress(url, true), url).toMatchObject({ ok: true });
});

test("[HOOK2] what is no address, bears a password or goes over no https is refused with what to do", () => {
  const say = (url: string, allowed = false) => {
    const judged = judgeWebhookAddress(url, allowed);
    return judged.ok ? judged.url : judged.error;
  };
  expect(say("hooks.example.com/a")).toMatch(/Give a whole one/);
  expect(say("http://example.com")).toMatch(/Give an address with https/);
  expect(say("ftp://example.com")).toMatch(/not ftp/);
  expect(say("file:///etc/passwd", true)).toMatch(/not file/);
  expect(say("https://me:secret@example.com")).toMatch(/password/);
  expect(say(`https://example.com/${"a".repeat(3000)}`)).toMatch(/longer than 2048/);
  expect(say("https://example.com/a#b")).toBe("https://example.com/a");
});

test("[HOOK1] an address that a name has is judged by the same rule", () => {
  for (const address of ["127.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "no address", "1:2:3", ""])
    expect(isPrivateAddress(address), address).toBe(true);
  for (const address of ["8.8.8.8", "2a00:1450:4001:82b::200e", "::ffff:8.8.8.8"]) expect(isPrivateAddress(address), address).toBe(false);
});
