/** Spans as OTLP's JSON encoding has them. Knows no transport. */
import type { Span, Trace } from "./build-trace.ts";

type AttributeValue = { stringValue: string } | { intValue: string } | { doubleValue: number } | { boolValue: boolean };

interface Attribute {
  key: string;
  value: AttributeValue;
}

/** Span kind INTERNAL; what happens at agents is theirs to tell. */
const internal = 1;

const statusCodes: Record<Span["status"], number> = { open: 0, ok: 1, error: 2 };

/** Attributes that OpenTelemetry's conventions for generative AI have a name for; costs have none. */
const conventional: Record<string, string> = {
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cachedTokens: "gen_ai.usage.cache_read.input_tokens",
};

/** An ExportTraceServiceRequest of these traces. Spans that have not ended are left out: OTLP takes ended ones. */
export function encodeOtlp(traces: Trace[]): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: [encodeAttribute("service.name", "nerveflare")] },
        scopeSpans: [{ scope: { name: "nerveflare.thread" }, spans: traces.flatMap(encodeTrace) }],
      },
    ],
  };
}

function encodeTrace({ traceId, spans }: Trace): object[] {
  return spans.flatMap((span) =>
    span.end === null
      ? []
      : [
          {
            traceId,
            spanId: span.spanId,
            ...(span.parentId !== null && { parentSpanId: span.parentId }),
            name: span.name,
            kind: internal,
            startTimeUnixNano: writeNanoseconds(span.start),
            endTimeUnixNano: writeNanoseconds(span.end),
            attributes: [
              encodeAttribute("nerveflare.kind", span.kind),
              ...Object.entries(span.attributes).map(([name, value]) =>
                encodeAttribute((Object.hasOwn(conventional, name) ? conventional[name] : undefined) ?? `nerveflare.${name}`, value),
              ),
            ],
            status: { code: statusCodes[span.status] },
          },
        ],
  );
}

function encodeAttribute(key: string, value: string | number | boolean): Attribute {
  if (typeof value === "string") return { key, value: { stringValue: value } };
  if (typeof value === "boolean") return { key, value: { boolValue: value } };
  return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
}

/** 64-bit integers are decimal strings in this encoding. */
function writeNanoseconds(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds)) * 1_000_000n);
}
