/** What each finding of a kind has. */
export interface CatalogueCode {
  /** `NRV` and four digits; the identity, never reused. */
  code: string;
  severity: "error" | "warning";
}

/** What is fixed about a kind of finding. */
export interface CatalogueEntry extends CatalogueCode {
  title: string;
  explanation: string;
}
