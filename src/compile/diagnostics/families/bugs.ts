/** Bugs: the compiler itself failed. */
import type { CatalogueEntry } from "../catalogue-entry.ts";

export const bugsCatalogue = {
  "compiler-bug": {
    code: "NRV9001",
    severity: "error",
    title: "The compiler failed",
    explanation: "This is a fault of the compiler, not of the file. Please report it with the file.",
  },
} as const satisfies Record<string, CatalogueEntry>;
