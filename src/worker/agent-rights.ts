/** What an operator says an agent is and may do, as the routes take it. */
import * as z from "zod";
import { idPattern, kindPattern } from "../contract/event.ts";

/** Bytes of a body that describes an agent: 256 names in each of three lists, generously. */
export const agentBytes = 256 * 1024;

export const agentId = z.string().regex(idPattern, "1 to 128 of A-Z a-z 0-9 . _ : -");
// `to` lists `cap:x` by commas.
export const capability = z.string().regex(/^[^\s,\p{Cc}]{1,128}$/u, "1 to 128 characters, none of them a space or a comma");
const grant = z.string().regex(/^[^\s/\p{Cc}]{1,128}\/[^/\p{Cc}]{1,128}$/u, "`workflow/role`");
const kind = z.string().regex(kindPattern, "an event's kind: dotted segments of a-z 0-9 _ -");

/** For strict objects: a right that is misspelt and so left out would mean "all". */
export const rights = {
  capabilities: z.array(capability).max(256).optional(),
  roles: z.array(grant).max(256).nullable().optional(),
  kinds: z.array(kind).max(256).nullable().optional(),
};
