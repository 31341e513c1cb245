/** The compiler's public face: workflow YAML in; diagnostics, intermediate form and machine configs out. */

export type { DiagnosticName } from "./diagnostics/catalogue.ts";
export { catalogue } from "./diagnostics/catalogue.ts";
export type { Diagnostic, Fix, Related, Severity } from "./diagnostics/diagnostic.ts";
export { renderCatalogue } from "./diagnostics/render-catalogue.ts";
export type * from "./ir.ts";
export type { ParseOptions, ParseResult } from "./parse-workflow.ts";
export { parseWorkflow } from "./parse-workflow.ts";
export type { Position, Span } from "./source/span.ts";
export { locateOffset } from "./source/span.ts";
export { createTemplateEngine } from "./templates/create-template-engine.ts";
