/** The one catalogue of what the compiler may say. Each entry has a fixture and a row in the docs; a test holds the three together. */
import type { CatalogueEntry } from "./catalogue-entry.ts";
import { bugsCatalogue } from "./families/bugs.ts";
import { cloudCatalogue } from "./families/cloud.ts";
import { expressionsCatalogue } from "./families/expressions.ts";
import { graphCatalogue } from "./families/graph.ts";
import { shapeCatalogue } from "./families/shape.ts";
import { togetherCatalogue } from "./families/together.ts";
import { yamlCatalogue } from "./families/yaml.ts";

const entries = {
  ...yamlCatalogue,
  ...shapeCatalogue,
  ...graphCatalogue,
  ...expressionsCatalogue,
  ...cloudCatalogue,
  ...togetherCatalogue,
  ...bugsCatalogue,
} as const;

/** A diagnostic's name, as `unknown-field`. */
export type DiagnosticName = keyof typeof entries;

/** Every kind of finding by name. */
export const catalogue: Record<DiagnosticName, CatalogueEntry> = entries;
