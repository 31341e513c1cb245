/** What a route says of itself, beside its own schemas: enough to describe the API without writing any of it twice. */
import type { z } from "zod";

/** Who may call: anybody, any token's holder, operators, or operators who may change things. */
export type Callers = "anybody" | "everyone" | "operators" | "admins";

/** One answer of a route. */
export interface AnswerDoc {
  description: string;
  /** Of a JSON body. */
  schema?: z.ZodType;
  /** Of a body that is no JSON, e.g. `text/event-stream`. */
  type?: string;
}

export interface RouteDoc {
  /** As in the code: `GET /v1/threads/:id`. */
  route: string;
  tag: string;
  /** What it does, in one line. */
  summary: string;
  callers: Callers;
  /** The schema that the route parses its query with. */
  query?: z.ZodType;
  /** The schema that the route parses its body with, and the media types that it takes; JSON unless told. */
  body?: { schema?: z.ZodType; types?: string[]; required?: boolean };
  /** An order that takes an `Idempotency-Key`. */
  idempotent?: true;
  /** It is an old name of another route. */
  deprecated?: true;
  answers: { [status: number]: AnswerDoc };
}
